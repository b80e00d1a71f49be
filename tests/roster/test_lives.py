"""Whole lives: whoever moves, rests, is forgotten and comes back is the same person, and belongs as the rules say."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.attacks.conftest import Door
from tests.builders.clock import Clock
from tests.builders.inside import inside
from tests.builders.journeys import Journeys
from tests.builders.people import People, Somebody
from tests.builders.running import run
from tests.roster.documents import contact, document, employee, member, person, student
from tests.roster.registry import OPERATOR, Registry
from tests.visitor import Visitor
from unilogin.apps.elevadministration.actions import mind_manual
from unilogin.domain.access.gates import children_in_custody
from unilogin.domain.credentials.model import PasswordType
from unilogin.domain.credentials.rules import password_type
from unilogin.domain.directory.cpr import read_cpr
from unilogin.domain.directory.manual import Place, add_by_hand, confirm
from unilogin.domain.directory.model import AccountId, ActorGroup, InstitutionId
from unilogin.domain.directory.newcomers import Newcomer
from unilogin.domain.directory.queries import standing
from unilogin.kit.db.connection import Transaction
from unilogin.kit.secrets import Secrets
from unilogin.roster.expiring import end_old_imports, forget_people
from unilogin.roster.model import DeliveryStatus, Receipt
from unilogin.signin.gate import is_admitted

BOTH = ("999001", "999002")
DAY = timedelta(days=1)
YEAR = timedelta(days=365)
KINDS = {
    **dict.fromkeys(("DT", "0", "1", "2", "3"), PasswordType.PICTURES),
    **dict.fromkeys(("4", "5", "6"), PasswordType.WORDS),
}
"""What each grade has, as the Danish service says; every other level has a password (spec of the sign-in, 5.4)."""

IDENTITY = """
  select a.username, a.uniid, a.account_id, a.person_id, array_agg(x.subject order by x.sector) as subjects
  from directory_account a left join services_pairwise x using (account_id)
  where a.account_id = $1 group by a.account_id
"""


@dataclass
class Ground:
    """Two schools, and how much time has gone by."""

    registry: Registry
    clock: Clock
    today: timedelta = timedelta()

    def deliver(self, *members: str, where: str) -> Receipt:
        """Let a system deliver as of now."""
        time = datetime.now(UTC) + self.today
        return self.registry.send(document(*members, number=where, time=f"{time:%Y-%m-%dT%H:%M:%S.%fZ}"))

    def wait(self, days: int) -> None:
        """Let time go by, and every job do its work at the end of it."""
        run(self.clock.move(days * 86400))
        self.today += days * DAY
        for job in (mind_manual, end_old_imports, forget_people):
            self.registry.act(job)


@dataclass
class Life:
    """One pupil, where they should belong, and since when not."""

    ground: Ground
    cpr: str
    levels: dict[str, str] = field(default_factory=dict)
    renewed: dict[str, timedelta] = field(default_factory=dict)
    warned: dict[str, timedelta] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    by_hand: timedelta | None = None  # until when
    left: timedelta = timedelta()
    forgotten: bool = False
    account: AccountId | None = None
    before: tuple[object, ...] = ()

    @property
    def registry(self) -> Registry:
        return self.ground.registry

    @property
    def today(self) -> timedelta:
        return self.ground.today

    @property
    def belongs_anywhere(self) -> bool:
        return bool(self.levels) or self.by_hand is not None

    def deliver(self, where: str, level: str | None) -> None:
        """Let a school's system deliver, with the pupil at a level or without."""
        teacher = member("m-1", person(f"610180{BOTH.index(where)}234", first="Bo"), employee())
        pupil = member(f"e-{self.cpr[6:]}", person(self.cpr, first="Åse"), student(level=level or "", groups=["kor"]))
        receipt = self.ground.deliver(teacher, *([pupil] if level else []), where=where)
        assert receipt.status is DeliveryStatus.APPLIED
        assert {one.code for one in receipt.findings} <= {"grade_jump"}, "years pass between two deliveries"
        self.renewed[where] = self.today
        self.warned.pop(where, None)
        belonged = self.belongs_anywhere
        if level:
            self.levels[where], self.forgotten = level, False
        else:
            self.levels.pop(where, None)
        self._note_leaving(belonged)
        if self.account is None and level:
            self._arrive()

    def _arrive(self) -> None:
        index = self.registry.secrets.cpr_vault().index(read_cpr(self.cpr))
        (account_id,) = self.registry.row(
            "select account_id from directory_account join directory_person using (person_id) where cpr_index = $1",
            index,
        )
        self.account = AccountId(account_id)  # type: ignore[arg-type]
        for statement in (
            "insert into services_pairwise (account_id, sector) values ($1, 'one'), ($1, 'two')",
            "insert into credentials_password (account_id, type, hash, pepper_version) values ($1, 'words', 'x', 1)",
        ):
            self.registry.execute(statement, self.account)
        self.before = self.registry.row(IDENTITY, self.account)

    def hire(self, where: str) -> None:
        """Let an office add the pupil by hand as an external, or confirm it."""
        if self.account is None or not {"DT", "0", *"123456"}.isdisjoint(self.levels.values()):
            return  # nobody employs a child
        (membership,) = self.registry.rows(
            "select membership_id, institution_id from directory_manual join directory_membership"
            " using (membership_id) join directory_account using (person_id)"
            " where account_id = $1 and ended_at is null",
            self.account,
        ) or [(None, None)]
        if membership[0] is None:
            self.registry.act(lambda tx: self._add(tx, where))
        else:
            found, at = membership
            assert self.registry.act(
                lambda tx: confirm(tx, found, institution_id=at, by=self.account, actor=OPERATOR)  # type: ignore[arg-type]
            )
        self.by_hand, self.forgotten = self.today + YEAR, False
        self.warned.pop("by hand", None)

    async def _add(self, tx: Transaction, where: str) -> None:
        vault = self.registry.secrets.cpr_vault()
        who = Newcomer.read(read_cpr(self.cpr), first_name="Åse", family_name="Prøve", alias=None, vault=vault)
        at = await tx.fetchval("select institution_id from directory_institution where number = $1", where)
        place = Place(InstitutionId(at), ActorGroup.EKSTERN, "Ekstern")
        assert self.account
        assert await add_by_hand(tx, who, place, by=self.account, actor=OPERATOR, vault=vault) == self.account

    def wait(self, days: int) -> None:
        """Let time go by, and end what ends by itself."""
        self.ground.wait(days)
        belonged = self.belongs_anywhere
        told = self.warned.get("by hand")
        if self.by_hand and self.by_hand <= self.today and told is not None and self.today - told >= 27 * DAY:
            self.by_hand = None
        if self.by_hand is not None and self.by_hand - self.today < 28 * DAY:
            self.warned.setdefault("by hand", self.today)
        for where, last in list(self.renewed.items()):
            if self.today - last >= YEAR and where in self.warned and self.today - self.warned[where] >= 30 * DAY:
                self.levels.pop(where, None)
            elif self.today - last >= YEAR - 30 * DAY:
                self.warned.setdefault(where, self.today)
        self._note_leaving(belonged)
        if self.account and not self.belongs_anywhere and self.today - self.left >= YEAR:
            self.forgotten = True

    def close(self, where: str) -> None:
        """Close an institution, or open it again: its people rest, and nothing about them changes."""
        self.closed ^= {where}
        self.registry.execute(
            "update directory_institution set active = $2 where number = $1", where, where not in self.closed
        )

    def _note_leaving(self, belonged: bool) -> None:
        if belonged and not self.belongs_anywhere:
            self.left = self.today

    def check(self) -> None:
        """Compare everything with what the story says."""
        if self.account is None:
            return
        account = self.account
        assert self.registry.row(IDENTITY, account) == self.before, "the same, whatever happened"
        found = self.registry.do(lambda connection: standing(connection, account))
        assert found
        open_levels = {where: level for where, level in self.levels.items() if where not in self.closed}
        assert {(b.number, b.level) for b in found.belongings if b.actor_group is ActorGroup.ELEV} == set(
            open_levels.items()
        )
        assert is_admitted(found) == bool(found.belongings)
        kinds = {KINDS.get(level, PasswordType.PASSWORD) for level in open_levels.values()}
        if any(b.actor_group is ActorGroup.EKSTERN for b in found.belongings) or not kinds:
            kinds = {PasswordType.PASSWORD}
        assert password_type(found.belongings) is max(kinds, key=list(PasswordType).index)
        secrets = self.registry.rows("select type from credentials_password where account_id = $1", account)
        (erased,) = self.registry.row(
            "select erased_at is not null from directory_person join directory_account using (person_id)"
            " where account_id = $1",
            account,
        )
        assert erased == self.forgotten
        if self.forgotten:
            assert secrets == []


@pytest.fixture
def ground(registry: Registry, database: str) -> Ground:
    return Ground(registry, Clock(database))


LEVELS = st.sampled_from(["DT", "0", "3", "4", "6", "7", "10", "U1", "VU"])
STEPS = st.one_of(
    st.tuples(st.just("deliver"), st.sampled_from(BOTH), st.one_of(st.none(), LEVELS)),
    st.tuples(st.just("hire"), st.sampled_from(BOTH), st.none()),
    st.tuples(st.just("close"), st.sampled_from(BOTH), st.none()),
    st.tuples(st.just("wait"), st.sampled_from(["20", "200", "370"]), st.none()),
)
_numbers = iter(range(4000, 4999))


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=4, max_size=8))
@example(
    steps=[
        ("deliver", "999001", "7"),
        ("deliver", "999002", "8"),
        ("deliver", "999001", None),
        ("hire", "999001", None),
        ("wait", "200", None),
        ("hire", "999001", None),
        ("deliver", "999002", None),
        ("wait", "200", None),
        ("wait", "200", None),
        ("wait", "370", None),
        ("deliver", "999001", "U1"),
        ("close", "999001", None),
    ]
)
@example(steps=[("wait", "370", None), ("wait", "370", None), ("hire", "999002", None), ("wait", "370", None)])
def test_k_19_whatever_happens_in_a_life_somebody_stays_who_they_are(
    ground: Ground, steps: list[tuple[str, str, str | None]]
) -> None:
    life = Life(ground, f"610180{next(_numbers)}")
    for where in BOTH:
        ground.registry.execute("update directory_institution set active = true where number = $1", where)
        life.deliver(where, None)
    for what, where, level in [("deliver", "999001", "2"), *steps]:
        match what:
            case "deliver":
                if where not in life.closed:
                    life.deliver(where, level)
            case "hire":
                life.hire(where)
            case "close":
                life.close(where)
            case _:
                life.wait(int(where))
        life.check()
    names = ground.registry.row(
        "select count(*), count(distinct username), count(distinct uniid) from directory_account"
    )
    assert len(set(names)) == 1
    for table in ("services_pairwise", "credentials_password"):
        ground.registry.execute(f"delete from {table}")


PICTURES = ["sol", "hus", "bil", "is"]
MOTHER_OF = contact(person("6105802234", first="Ida"))


@dataclass
class Story:
    """A pupil's way through the years, seen from the page where one signs in."""

    ground: Ground
    door: Door
    born: date

    def deliver(self, where: str, *whats: str) -> None:
        """Let a school have the pupil as these things, or not at all."""
        whom = person("6101204001", first="Åse", more=f"<BirthDate>{self.born}</BirthDate>")
        teacher = member("m-1", person(f"610180{BOTH.index(where)}234", first="Bo"), employee())
        rows = [member(f"e-{place}", whom, what) for place, what in enumerate(whats)]
        receipt = self.ground.deliver(teacher, *rows, where=where)
        assert receipt.status is DeliveryStatus.APPLIED
        assert {one.code for one in receipt.findings} <= {"grade_jump"}, "years pass between two deliveries"

    def age(self, years: float) -> None:
        """Let them become so old."""
        now = datetime.now(UTC).date() + self.ground.today
        self.ground.wait(round((self.born + timedelta(days=365.2425 * years) - now) / DAY))

    def row(self, sql: str) -> tuple[object, ...]:
        return self.ground.registry.row(
            f"{sql} from directory_account join directory_person p using (person_id) where p.cpr_index = $1",
            self.ground.registry.secrets.cpr_vault().index(read_cpr("6101204001")),
        )

    def somebody(self, secret: str | list[str]) -> Somebody:
        account, person_id, username, uniid = self.row("select account_id, person_id, username, uniid")
        return Somebody(AccountId(account), person_id, str(username), str(uniid), "", secret)  # type: ignore[arg-type]

    def give(self, secret: str | list[str], *, level: str) -> Somebody:
        who = self.somebody(secret)
        self.door.people.give(who, secret, level=level)
        return who

    def tries(self, who: Somebody) -> Visitor:
        """Try to get in; return where that ended."""
        visitor = self.door.at_the_secret(who.username)
        typed = {"pictures": ",".join(who.secret)} if isinstance(who.secret, list) else {"password": str(who.secret)}
        visitor.submit(typed, button=("next", "1"))
        return visitor

    def children(self) -> list[str]:
        """Whom the mother has custody of today."""
        rows = self.ground.registry.rows(
            "select account_id from directory_account join directory_person using (person_id) where first_name = 'Ida'"
        )
        mother = AccountId(rows[0][0]) if rows else None  # type: ignore[arg-type]
        found = mother and self.ground.registry.do(lambda connection: children_in_custody(connection, mother))
        return [child.username for child in found or []]


@pytest.fixture
def story(ground: Ground, database: str, secrets: Secrets) -> Iterator[Story]:
    with inside(database, secrets) as app:
        door = Door(app, People(database, secrets), Journeys.to_some_service(database))
        yield Story(ground, door, datetime.now(UTC).date() - timedelta(days=round(365.2425 * 3)))


def _be_a_child(story: Story) -> None:
    """Day-care, school, and the grade with words."""
    school, elsewhere = BOTH
    story.deliver(elsewhere, student(role="Barn", level="DT", groups=["kor"], more=MOTHER_OF))
    story.ground.registry.execute(
        "insert into services_pairwise (account_id, sector) select account_id, 'one' from directory_account"
    )
    child = story.give(PICTURES, level="0")
    assert story.children() == [child.username]

    story.age(6)
    story.deliver(school, student(level="0", groups=["kor"], more=MOTHER_OF))
    story.deliver(elsewhere)
    assert story.tries(child).moves_on, "school: the same pictures, whoever has the child now"

    story.age(10.1)
    story.deliver(school, student(level="4", groups=["kor"], more=MOTHER_OF))
    assert story.tries(child).path.endswith("/notice"), "grade 4: thirty days to get words"
    story.give("solvogn", level="4")


def _be_young(story: Story) -> Somebody:
    """Youth education, and the eighteenth birthday."""
    school, elsewhere = BOTH
    story.age(16)
    story.deliver(school)
    story.deliver(elsewhere, student(role="Studerende", level="U1", groups=["kor"], more=MOTHER_OF))
    assert story.tries(story.somebody("solvogn")).path.endswith("/notice"), "youth education: a password"
    youth = story.give("kridt og tavle 12", level="8")
    assert story.tries(youth).moves_on
    assert story.children() == [youth.username]
    story.age(17.99)
    story.deliver(elsewhere, student(role="Studerende", level="U2", groups=["kor"], more=MOTHER_OF))
    assert story.children() == [youth.username]
    story.age(18.01)
    assert story.children() == [], "18"
    return youth


def test_k_19_from_day_care_to_a_trainee_teacher_with_one_username_through_the_door(story: Story) -> None:
    school, elsewhere = BOTH
    _be_a_child(story)
    same = story.row("select username, uniid, account_id")
    youth = _be_young(story)

    story.deliver(elsewhere)
    assert not story.tries(youth).moves_on, "at rest"
    story.age(18.9)
    story.deliver(school, student(level="10", groups=["kor"]))
    assert story.tries(youth).moves_on, "back within the year: the same password"
    story.deliver(school)
    story.age(20)
    assert story.row("select p.first_name, p.birth_date, p.cpr_sealed") == ("Tidligere", None, None)

    story.deliver(school, employee("Lærer"))
    story.deliver(elsewhere, student(role="Studerende", level="VU", groups=["kor"]))
    assert not story.tries(youth).moves_on, "forgotten: the password of those years opens nothing"
    adult = story.give("en lærers egen kode 7", level="8")
    visitor = story.tries(adult)
    assert not visitor.path.endswith("/notice")
    assert "serverfejl" not in visitor.text
    assert story.row("select username, uniid, account_id") == same
    assert story.row("select p.first_name") == ("Åse",)
    subjects = story.ground.registry.rows("select account_id from services_pairwise where sector = 'one'")
    assert (same[2],) in subjects
