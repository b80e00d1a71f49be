"""The database behind the shared server: for what only time or an administrator does, and for looking afterwards."""

from dataclasses import dataclass

import asyncpg

from tests.builders.running import connect, run


@dataclass(frozen=True, slots=True)
class Database:
    """Works as the owner of the database, statement by statement."""

    dsn: str

    def execute(self, sql: str, *arguments: object) -> None:
        run(self._fetch(sql, *arguments))

    def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        return run(self._fetch(sql, *arguments))

    async def _fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        connection = await connect(self.dsn)
        try:
            return await connection.fetch(sql, *arguments)
        finally:
            await connection.close()
