"""Classes for tests: a school with a teacher and pupils, and what may change in it from one moment to the next."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from tests.apps.households import Households
from tests.builders.people import Somebody
from tests.builders.running import connect, run
from unilogin.domain.access.actions import grant_right
from unilogin.domain.access.model import Right
from unilogin.domain.audit.model import Actor

PICTURES = ["sol", "hus", "bil", "is"]


@dataclass(frozen=True, slots=True)
class Class:
    """A class with its teacher and pupils."""

    group_key: UUID
    teacher: Somebody
    pupils: list[Somebody]

    @property
    def url(self) -> str:
        """The teacher's page of it."""
        return f"/elevadgang/klasse/{self.group_key}"

    @property
    def admin_url(self) -> str:
        """The administrator's page of it."""
        return f"/elevadgang/administrator/klasse/{self.group_key}"


@dataclass(frozen=True, slots=True)
class Classroom:
    """Makes classes and changes them in one database."""

    households: Households

    def make(self, *, pupils: int = 2, institution: str | None = None, kind: str = "Hovedgruppe") -> Class:
        """A class of a new school, or of one that is there."""
        people = self.households.people
        teacher = people.teacher(institution=institution)
        held = [people.pupil(level="2", secret=PICTURES, institution=teacher.institution) for _ in range(pupils)]
        group = uuid4()
        self.execute(
            "insert into directory_group (group_key, institution_id, source, group_id, name, type)"
            " select $1, institution_id, 'tests', $2, '2.B', $4 from directory_institution where number = $3",
            group,
            str(group),
            teacher.institution,
            kind,
        )
        made = Class(group, teacher, held)
        for somebody in (teacher, *held):
            self.join(made, somebody)
        return made

    def join(self, held: Class, somebody: Somebody) -> None:
        """Let somebody be in a class."""
        self.execute(
            "insert into directory_group_member (group_key, membership_id, main) select $1, membership_id,"
            " actor_group = 'Elev' from directory_membership m join directory_group g on g.group_key = $1"
            " and g.institution_id = m.institution_id where m.person_id = $2",
            held.group_key,
            somebody.person_id,
        )

    def part(self, held: Class, somebody: Somebody) -> None:
        """Let somebody be in a class no more."""
        self.execute(
            "delete from directory_group_member where group_key = $1 and membership_id in"
            " (select membership_id from directory_membership where person_id = $2)",
            held.group_key,
            somebody.person_id,
        )

    def decide(self, held: Class, column: str, value: object) -> None:
        """Let the school decide something."""
        self.execute(
            f"insert into access_school (institution_id, {column}) select institution_id, $2 from directory_group"
            f" where group_key = $1 on conflict (institution_id) do update set {column} = excluded.{column}",
            held.group_key,
            value,
        )

    def let_administer(self, somebody: Somebody) -> None:
        """Give somebody the administrator's right where they work."""
        run(self._grant(somebody))

    async def _grant(self, somebody: Somebody) -> None:
        connection = await connect(self.households.dsn)
        try:
            async with connection.transaction():
                await grant_right(
                    connection,
                    Right.BRUGERADMINISTRATOR_ELEVADGANG,
                    account_id=somebody.account_id,
                    institution_id=await connection.fetchval(
                        "select institution_id from directory_institution where number = $1", somebody.institution
                    ),
                    actor=Actor("operator", "tests"),
                )
        finally:
            await connection.close()

    def be_sure(self, somebody: Somebody) -> None:
        """Let the sessions of somebody be as if they had come with two factors."""
        self.execute("update sessions_session set level = 'ToFaktor' where account_id = $1", somebody.account_id)

    def execute(self, sql: str, *arguments: object) -> None:
        """Do something in the database."""
        self.households.execute(sql, *arguments)

    def value(self, sql: str, *arguments: object) -> object:
        """Ask something of the database."""
        return run(_value(self.households.dsn, sql, *arguments))

    def told(self, somebody: Somebody) -> set[str]:
        """What a pupil or the parents get letters about."""
        kinds = self.value("select array_agg(kind) from notices_notice where account_id = $1", somebody.account_id)
        return set(kinds) if isinstance(kinds, list) else set()

    def windows(self, somebody: Somebody) -> int:
        """How many windows are open for a pupil."""
        count = self.value(
            "select count(*) from credentials_window where account_id = $1 and claimed_at is null"
            " and cancelled_at is null and expires_at > kit_now()",
            somebody.account_id,
        )
        assert isinstance(count, int)
        return count


async def _value(dsn: str, sql: str, *arguments: object) -> object:
    connection = await connect(dsn)
    try:
        return await connection.fetchval(sql, *arguments)
    finally:
        await connection.close()
