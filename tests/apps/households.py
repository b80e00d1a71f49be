"""Families for tests, and what may change in one from one moment to the next."""

from dataclasses import dataclass

from tests.builders.people import People, Somebody
from tests.builders.running import run
from unilogin.kit.db.connection import connect


@dataclass(frozen=True, slots=True)
class Households:
    """Changes families in one database."""

    dsn: str
    people: People

    def parent_and_child(self, *, level: str = "2") -> tuple[Somebody, Somebody]:
        """A parent who also works at a school, since contact persons have no password, and a child of theirs."""
        secret: str | list[str] = ["sol", "hus", "bil", "is"] if level in "0123" else "solvogn"
        parent, child = self.people.teacher(), self.people.pupil(level=level, secret=secret)
        self.people.make_parent_of(parent, child)
        return parent, child

    def take_custody(self, parent: Somebody, child: Somebody) -> None:
        """Let the school tell that the parent has no custody any more."""
        self._of_contact("update directory_contact set child_custody = false", parent, child)

    def forget_contact(self, parent: Somebody, child: Somebody) -> None:
        """Let the school tell that the parent is no contact any more."""
        self._of_contact("delete from directory_contact", parent, child)

    def grow_up(self, child: Somebody, *, years: int) -> None:
        """Let the child be so many years old today."""
        self.execute(
            "update directory_person set birth_date = (now() at time zone 'Europe/Copenhagen')::date"
            " - make_interval(years => $2) where person_id = $1",
            child.person_id,
            years,
        )

    def protect(self, somebody: Somebody, *, alias: tuple[str, str]) -> None:
        """Give somebody name and address protection."""
        self.execute(
            "update directory_person set protected = true, first_name = 'Hemmelig', family_name = 'Virkelig',"
            " alias_first_name = $2, alias_family_name = $3 where person_id = $1",
            somebody.person_id,
            *alias,
        )

    def audited(self, somebody: Somebody, action: str) -> list[tuple[str, str]]:
        """Return who did something to somebody: kind and id of each actor."""
        return [
            (row["actor_kind"], row["actor_id"])
            for row in run(
                _fetch(
                    self.dsn,
                    "select actor_kind, actor_id from audit_event where account_id = $1 and action = $2"
                    " order by sequence",
                    somebody.account_id,
                    action,
                )
            )
        ]

    def execute(self, sql: str, *arguments: object) -> None:
        """Do something in the database."""
        run(_fetch(self.dsn, sql, *arguments))

    def _of_contact(self, sql: str, parent: Somebody, child: Somebody) -> None:
        self.execute(
            f"{sql} where contact_person_id = $1 and membership_id in"
            " (select membership_id from directory_membership where person_id = $2)",
            parent.person_id,
            child.person_id,
        )


async def _fetch(dsn: str, sql: str, *arguments: object) -> list[dict[str, str]]:
    connection = await connect(dsn)
    try:
        return [dict(row) for row in await connection.fetch(sql, *arguments)]
    finally:
        await connection.close()
