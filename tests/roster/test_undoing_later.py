"""A delivery is taken back after other things have happened to its people: it is right, or it says why not and to whom.

One school for all cases: each has a source and people of its own.
"""

import io
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pytest

from tests.builders.running import run
from tests.postgres import TestServer
from tests.roster.documents import GROUPS, contact, document, member, person, student
from tests.roster.registry import OPERATOR, Registry, open_registry
from tests.roster.test_undoing import NO_LIMITS
from unilogin.domain.directory.bulk_undo import Undone
from unilogin.domain.directory.model import Username
from unilogin.domain.identity import actions as identity
from unilogin.domain.identity.model import Done, NewPerson
from unilogin.kit.secrets import Secrets
from unilogin.roster.cpr_cases import accept, dismiss, open_cases
from unilogin.roster.expiring import end_old_imports, forget_people
from unilogin.roster.model import DeliveryId, DeliveryKind, DeliveryStatus, Receipt
from unilogin.roster.switching.actions import plan_switch, run_switch, undo_switch
from unilogin.roster.switching.model import SwitchId
from unilogin.roster.undoing import NotUndone, UndoRefused

CLASSES = GROUPS + GROUPS.replace("2b", "3a").replace("2.B", "3.A").split("<Group><GroupId>kor")[0]
_cases = itertools.count(10)


@pytest.fixture(scope="module")
def one_registry(postgres: TestServer, template: str, secrets: Secrets) -> Iterator[Registry]:
    registry = run(open_registry(postgres.create_database("undoing_later", template), secrets))
    registry.execute(NO_LIMITS)
    yield registry
    postgres.drop_database("undoing_later")


@dataclass
class Story:
    """Two deliveries of one source: the second moves a pupil, gives her a second mother and a new number to another."""

    registry: Registry
    case: int = field(default_factory=lambda: next(_cases))
    switch_id: SwitchId | None = None

    @property
    def source(self) -> str:
        return f"Kilde {self.case}"

    def cpr(self, n: int, *, day: str = "620516") -> str:
        return f"{day}{self.case:02}{n:02}"

    def pupil(self, n: int, *mothers: int, main: str = "2b", cpr: str | None = None) -> str:
        more = "".join(contact(person(self.cpr(m, day="610580"), first=f"Mor {m}")) for m in mothers)
        return member(f"e-{n}", person(cpr or self.cpr(n), first=f"Barn {n}"), student(main=main, more=more))

    def first(self) -> Receipt:
        return self.deliver(self.pupil(1, 7), self.pupil(2), self.pupil(5))

    def second(self) -> Receipt:
        renumbered = self.pupil(2, cpr=self.cpr(2, day="620517"))
        return self.deliver(self.pupil(1, 7, 8, main="3a"), renumbered, self.pupil(3), self.pupil(5))

    def deliver(self, *members: str) -> Receipt:
        receipt = self.registry.deliver(*members, source=self.source, groups=CLASSES)
        assert receipt.status is DeliveryStatus.APPLIED, receipt
        return receipt

    def username(self, n: int, *, day: str = "620516") -> Username:
        index = self.registry.secrets.cpr_vault().index(self.cpr(n, day=day))
        (name,) = self.registry.row(
            "select username from directory_account join directory_person using (person_id) where cpr_index = $1", index
        )
        return Username(str(name))

    def standing(self) -> list[tuple[object, ...]]:
        return self.registry.rows(STANDING, self.source)

    # What happens in between

    def nothing(self) -> None:
        """Nobody does anything."""

    def merge(self, n: int = 8, day: str = "610580", into: int = 7) -> Done:
        kept, other = self.username(into, day=day), self.username(n, day=day)
        vault = self.registry.secrets.cpr_vault()
        done = self.registry.act(
            lambda tx: identity.merge(tx, kept=kept, other=other, two_numbers=True, vault=vault, actor=OPERATOR)
        )
        assert isinstance(done, Done), done
        return done

    def merge_others(self) -> None:
        self.registry.deliver(self.pupil(20), self.pupil(21), source=f"{self.source} b", number="999002")
        self.merge(21, "620516", 20)

    def merge_and_take_back(self) -> None:
        done = self.merge()
        vault = self.registry.secrets.cpr_vault()
        back = self.registry.act(lambda tx: identity.take_back(tx, done.correction_id, vault=vault, actor=OPERATOR))
        assert isinstance(back, Done), back

    def merge_who_came(self) -> None:
        """The new pupil and one who was there before."""
        self.merge(3, "620516", 5)

    def split(self) -> None:
        name = self.username(1)
        self.registry.deliver(self.pupil(1).replace("e-1", "x-1"), source=f"{self.source} b", number="999002")
        who = NewPerson("Bo", "Holm", (("999001", "e-1"),))
        vault = self.registry.secrets.cpr_vault()
        done = self.registry.act(lambda tx: identity.split(tx, name, who, number=None, vault=vault, actor=OPERATOR))
        assert isinstance(done, Done), done

    def accept_number(self) -> None:
        case = next(one for one in self.registry.do(open_cases) if one.source == self.source)
        secrets = self.registry.secrets
        assert self.registry.act(lambda tx: accept(tx, case.case_id, secrets=secrets, actor=OPERATOR))

    def dismiss_number(self) -> None:
        case = next(one for one in self.registry.do(open_cases) if one.source == self.source)
        assert self.registry.act(lambda tx: dismiss(tx, case.case_id, actor=OPERATOR))

    def change_system(self) -> None:
        pupils = (self.pupil(n).replace(f"e-{n}", f"ny-{n}") for n in (1, 2, 3, 5))
        text = document(*pupils, source=f"Nyt {self.case}", time="2025-08-11T01:00:00Z")
        file, secrets = io.BytesIO(text.encode()), self.registry.secrets
        switch_id = self.registry.do(
            lambda c: plan_switch(c, file, number="999001", old_source=self.source, secrets=secrets, actor=OPERATOR)
        )
        assert not isinstance(switch_id, str)
        told = self.registry.do(lambda c: run_switch(c, switch_id, file, secrets=secrets, actor=OPERATOR))
        assert isinstance(told, Receipt), told
        self.switch_id = switch_id

    def change_system_and_back(self) -> None:
        self.change_system()
        self.take_change_back()

    def take_change_back(self) -> None:
        switch_id = self.switch_id
        assert switch_id
        assert self.registry.act(lambda tx: undo_switch(tx, switch_id, actor=OPERATOR)) is None

    def end_another_import(self) -> None:
        """Another system's import ends that has some of the same pupils."""
        old = self.registry.deliver(self.pupil(1).replace("e-1", "g-1"), source=f"Gammel {self.case}", groups=CLASSES)
        self.registry.execute(
            "update roster_delivery set applied_at = applied_at - interval '366 days' where delivery_id = $1",
            old.delivery_id,
        )
        self.registry.act(end_old_imports)


STANDING = """
  select m.local_person_id, p.first_name, a.username,
         array(select g.group_id from directory_group_member gm join directory_group g using (group_key)
               where gm.membership_id = m.membership_id order by 1),
         array(select k.first_name from directory_contact c join directory_person k on k.person_id = c.contact_person_id
               where c.membership_id = m.membership_id order by 1)
  from directory_membership m join directory_person p using (person_id) join directory_account a using (person_id)
  where m.source = $1 and m.ended_at is null order by 1
"""

UNDONE: dict[str, Callable[[Story], object]] = {
    "nothing": Story.nothing,
    "others were merged": Story.merge_others,
    "a merge that was taken back": Story.merge_and_take_back,
    "the number was accepted": Story.accept_number,
    "the number was dismissed": Story.dismiss_number,
    "the system was changed and changed back": Story.change_system_and_back,
    "another import has ended": Story.end_another_import,
}


@pytest.mark.parametrize("between", UNDONE.values(), ids=UNDONE)
def test_it_is_taken_back_whatever_happened_that_does_not_touch_it(
    one_registry: Registry, between: Callable[[Story], object]
) -> None:
    story = Story(one_registry)
    story.first()
    before = story.standing()
    delivery = story.second()
    between(story)
    assert isinstance(one_registry.undo(delivery), Undone)
    assert story.standing() == before
    assert [one for one in one_registry.do(open_cases) if one.source == story.source] == [], "the number has gone too"


REFUSED: dict[str, tuple[Callable[[Story], object], NotUndone, list[str]]] = {
    "contact persons were merged": (Story.merge, NotUndone.CORRECTED, ["Mor 7 Prøve"]),
    "who came was merged": (Story.merge_who_came, NotUndone.CORRECTED, ["Barn 5 Prøve"]),
    "a pupil was split": (Story.split, NotUndone.CORRECTED, ["Bo Holm"]),
    "the system was changed": (Story.change_system, NotUndone.SWITCHED, []),
}


@pytest.mark.parametrize(("between", "why", "people"), REFUSED.values(), ids=REFUSED)
def test_it_says_why_it_cannot_be_taken_back_and_whom_that_is_about(
    one_registry: Registry, between: Callable[[Story], object], why: NotUndone, people: list[str]
) -> None:
    story = Story(one_registry)
    story.first()
    delivery = story.second()
    between(story)
    before = one_registry.people()
    refused = one_registry.undo(delivery)
    assert isinstance(refused, UndoRefused), refused
    assert (refused.why, sorted(one.name for one in refused.people)) == (why, people)
    assert one_registry.people() == before


def test_a_change_of_system_is_taken_back_as_a_whole_and_the_delivery_after_that(one_registry: Registry) -> None:
    """Neither of the deliveries that it is made of goes by itself: nobody would be left at the school."""
    story = Story(one_registry)
    story.first()
    before = story.standing()
    delivery = story.second()
    after = story.standing()
    story.change_system()
    parts = one_registry.row("select delivery_id, retired_by from roster_switch where switch_id = $1", story.switch_id)
    for part in parts:
        told = replace(delivery, delivery_id=DeliveryId(part))  # type: ignore[arg-type]
        assert one_registry.undo(told) == UndoRefused(NotUndone.SWITCHED)
    story.take_change_back()
    assert story.standing() == after
    assert isinstance(one_registry.undo(delivery), Undone)
    assert story.standing() == before


def test_after_the_number_was_accepted_both_numbers_mean_the_same_person(one_registry: Registry) -> None:
    story = Story(one_registry)
    story.first()
    delivery = story.second()
    story.accept_number()
    one_registry.undo(delivery)
    for day in ("620516", "620517"):
        again = story.deliver(story.pupil(1, 7), story.pupil(2, cpr=story.cpr(2, day=day)), story.pupil(5))
        assert (again.new_accounts, again.counts.refused, again.findings) == (0, 0, ())


def test_every_reason_has_a_sentence() -> None:
    from unilogin.kit.text import load_texts

    assert {f"roster.undo.{why}" for why in NotUndone} <= load_texts().codes("da")


def test_who_is_no_longer_a_contact_person_is_not_forgotten_before_that_can_be_taken_back(
    one_registry: Registry,
) -> None:
    story = Story(one_registry)
    story.first()
    before = story.standing()
    delivery = story.deliver(story.pupil(1), story.pupil(2), story.pupil(5))
    one_registry.execute("update directory_person set changed_at = changed_at - interval '2 years'")
    one_registry.act(forget_people)
    assert isinstance(one_registry.undo(delivery), Undone)
    assert story.standing() == before


ENDED_CLASSES = """
  select g.group_id from directory_group_member gm join directory_group g using (group_key)
  join directory_membership m using (membership_id)
  where m.source = $1 and m.ended_at is null and g.ended_at is not null
"""


def test_a_class_that_others_have_joined_since_outlives_the_delivery_that_made_it(one_registry: Registry) -> None:
    story = Story(one_registry)
    one_registry.deliver(story.pupil(1), source=story.source)
    delivery = story.deliver(story.pupil(1), story.pupil(2, main="3a"))
    newcomer = one_registry.deliver(
        story.pupil(3, main="3a"), source=story.source, groups=CLASSES, kind=DeliveryKind.DELTA
    )
    assert newcomer.counts.created == 1
    assert isinstance(one_registry.undo(delivery), Undone)
    assert one_registry.rows(ENDED_CLASSES, story.source) == []
    assert [(row[0], row[3]) for row in story.standing()] == [("e-1", ["2b"]), ("e-3", ["3a"])]


def test_a_class_that_has_ended_since_is_there_again_for_who_is_put_back_into_it(one_registry: Registry) -> None:
    story = Story(one_registry)
    story.deliver(story.pupil(1, main="3a"))
    delivery = story.deliver(story.pupil(1))
    one_registry.deliver(story.pupil(1), source=story.source)  # its groups are 2.B alone
    assert isinstance(one_registry.undo(delivery), Undone)
    assert one_registry.rows(ENDED_CLASSES, story.source) == []
    assert [(row[0], row[3]) for row in story.standing()] == [("e-1", ["3a"])]


def test_a_delivery_is_not_taken_back_before_the_one_that_let_somebody_go_whom_it_brought(
    one_registry: Registry,
) -> None:
    """Else who is put back by the later one would belong by a delivery that does not count."""
    story = Story(one_registry)
    first = story.first()
    second = story.deliver(story.pupil(1, 7), story.pupil(5))
    refused = one_registry.undo(first)
    assert isinstance(refused, UndoRefused)
    assert (refused.why, [one.local_person_id for one in refused.people]) == (NotUndone.CHANGED_LATER, ["e-2"])
    for delivery in (second, first):
        assert isinstance(one_registry.undo(delivery), Undone)
    assert story.standing() == []


FORGOTTEN = (
    "select first_name, erased_at is not null, cpr_sealed is not null from directory_person where cpr_index = $1"
)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_k_16_who_was_forgotten_and_came_back_by_mistake_is_forgotten_again_unless_another_school_has_them(
    one_registry: Registry, *, elsewhere: bool
) -> None:
    story = Story(one_registry)
    story.deliver(story.pupil(1), story.pupil(2))
    story.deliver(story.pupil(1))
    one_registry.execute(
        "update directory_membership set ended_at = ended_at - interval '2 years' where source = $1", story.source
    )
    one_registry.execute("update directory_person set changed_at = changed_at - interval '2 years'")
    one_registry.act(forget_people)
    index = one_registry.secrets.cpr_vault().index(story.cpr(2))
    assert one_registry.row(FORGOTTEN, index) == ("Tidligere", True, False)
    delivery = story.deliver(story.pupil(1), story.pupil(2))
    if elsewhere:
        one_registry.deliver(story.pupil(2), source=f"{story.source} b", number="999002")
    assert isinstance(one_registry.undo(delivery), Undone)
    assert one_registry.row(FORGOTTEN, index) == (("Barn 2", False, True) if elsewhere else ("Tidligere", True, False))


def test_a_name_that_another_school_says_too_is_read_there_again_when_it_was_taken_back(one_registry: Registry) -> None:
    story = Story(one_registry)
    story.deliver(story.pupil(1))
    renamed = story.pupil(1).replace("Barn 1", "Ny")
    delivery = story.deliver(renamed)
    one_registry.deliver(renamed, source=f"{story.source} b", number="999002")
    one_registry.undo(delivery)
    assert [row[1] for row in story.standing()] == ["Barn 1"]
    one_registry.deliver(renamed, source=f"{story.source} b", number="999002")
    assert [row[1] for row in story.standing()] == ["Ny"]
