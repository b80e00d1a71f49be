"""Moves the one clock of every decision, in a database of a test's own."""

from dataclasses import dataclass

from tests.builders.running import connect


@dataclass(frozen=True, slots=True)
class Clock:
    """The database's clock."""

    dsn: str

    async def move(self, seconds: float) -> None:
        """Let so much more time have passed for everybody."""
        connection = await connect(self.dsn)
        try:
            if await connection.fetchval("select to_regclass('tests_clock') is null"):
                # a row, not a new function each time: statements need not be planned anew
                await connection.execute("create table tests_clock as select interval '0' as moved")
                await connection.execute("grant select on tests_clock to public")
                await connection.execute(
                    "create or replace function kit_now() returns timestamptz language sql stable parallel safe"
                    " return statement_timestamp() + (select moved from tests_clock)"
                )
            await connection.execute("update tests_clock set moved = moved + $1 * interval '1 second'", seconds)
        finally:
            await connection.close()
