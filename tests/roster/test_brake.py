"""Each limit of the brake on both sides: what goes through, and what waits for two people (F-28). By table."""

from collections.abc import Mapping

import pytest

from unilogin.domain.directory.model import ActorGroup
from unilogin.roster.messages import Held
from unilogin.roster.model import Guardians, PlanLine
from unilogin.roster.rules import Effect, Limits, breaches

PUPILS, STAFF, CONTACTS = ActorGroup.ELEV, ActorGroup.MEDARBEJDER, ActorGroup.KONTAKTPERSON
SOME_LEFT = Guardians(0, 0, some_left=True)


def effect(
    *lines: PlanLine,
    before: Mapping[ActorGroup, int],
    renamed: int = 0,
    other_numbers: int = 0,
    garbled: int = 0,
    guardians: Guardians = SOME_LEFT,
) -> Effect:
    return Effect(lines, before, renamed, other_numbers, garbled, guardians)


def of(pupils: int, *, left: int = 0, new: int = 0) -> Effect:
    """A school of so many pupils, all in one class, of whom some leave."""
    return effect(PlanLine(PUPILS, "2.B", left=left, new=new, unchanged=pupils - left), before={PUPILS: pupils})


def staff(there: int, left: int) -> Effect:
    return effect(PlanLine(STAFF, None, left=left, unchanged=there - left), before={PUPILS: 200, STAFF: there})


def a_class(line: PlanLine) -> Effect:
    return effect(line, before={PUPILS: 200})


def contacts(lost: int, *, some_left: bool) -> Effect:
    return effect(
        PlanLine(CONTACTS, None, left=lost), before={PUPILS: 200}, guardians=Guardians(0, lost, some_left=some_left)
    )


@pytest.mark.parametrize(
    ("what", "codes"),
    [
        (of(100, left=20), []),
        (of(100, left=21), [Held.REMOVED]),
        (of(1000, left=50), []),  # five in a hundred, where that is more than twenty
        (of(1000, left=51), [Held.REMOVED]),
        (of(22, left=19), []),
        (of(22, left=20), [Held.NEARLY_ALL]),
        (of(10, left=9, new=400), [Held.NEARLY_ALL]),
        (of(2, left=2), []),
        (staff(9, 8), []),
        (staff(3, 3), [Held.STAFF]),
        (staff(2, 2), []),
        (a_class(PlanLine(PUPILS, "3.A", left=3)), [Held.CLASS]),
        (a_class(PlanLine(PUPILS, "3.A", left=3, former=True)), [Held.FORMER_CLASS]),
        (a_class(PlanLine(PUPILS, "3.A", left=3, new=9)), [Held.CLASS]),
        (a_class(PlanLine(PUPILS, "3.A", left=2)), []),
        (a_class(PlanLine(PUPILS, "3.A", left=3, changed=1)), []),
        (a_class(PlanLine(PUPILS, "3.A", left=3, moved={"3.B": 1})), []),
        (a_class(PlanLine(PUPILS, "4.A", left=3, was="3.A", followed=20)), []),
        (a_class(PlanLine(PUPILS, None, left=3)), []),  # pupils in no class are no class
        (contacts(3, some_left=False), [Held.GUARDIANS]),
        (contacts(2, some_left=False), []),
        (contacts(300, some_left=True), []),
        (effect(before={PUPILS: 100}, renamed=10), []),
        (effect(before={PUPILS: 100}, renamed=11), [Held.NAMES]),
        (effect(before={PUPILS: 20}, renamed=5), []),
        (effect(before={PUPILS: 20}, renamed=6), [Held.NAMES]),
        (effect(before={PUPILS: 100}, other_numbers=10), []),
        (effect(before={PUPILS: 90, STAFF: 10}, other_numbers=11), [Held.CPR]),
        (effect(before={PUPILS: 100}, garbled=5), []),
        (effect(before={PUPILS: 100}, garbled=6), [Held.GARBLED]),
        (effect(PlanLine(PUPILS, "2.B", new=600), before={PUPILS: 600}, garbled=12), []),
        (effect(PlanLine(PUPILS, "2.B", new=600), before={PUPILS: 600}, garbled=13), [Held.GARBLED]),
    ],
)
def test_a_delivery_waits_beyond_a_limit_and_not_at_it(what: Effect, codes: list[Held]) -> None:
    assert [breach.code for breach in breaches(what, Limits())] == codes


def test_an_institution_may_have_limits_of_its_own_and_reads_them() -> None:
    strict = Limits(removed_percent=0, removed_persons=1, changed_percent=0, changed_persons=0)
    what = effect(PlanLine(PUPILS, "2.B", left=2, unchanged=98), before={PUPILS: 100}, renamed=1)
    assert [(one.code, one.fields) for one in breaches(what, strict)] == [
        (Held.REMOVED, {"count": 2, "all": 100, "most": 1}),
        (Held.NAMES, {"count": 1, "all": 100, "most": 0}),
    ]
