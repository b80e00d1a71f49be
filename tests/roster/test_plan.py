"""What a secretary reads in August: classes that go on as a whole, then what does not go by the year."""

from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.roster.documents import employee, member, person, student
from tests.roster.registry import Registry
from tests.roster.test_undoing import NO_LIMITS
from unilogin.domain.directory.model import ActorGroup
from unilogin.kit.text import load_texts
from unilogin.roster.messages import in_words, why_held
from unilogin.roster.model import ChangeCount, ChangeKind, DeliveryStatus, Guardians, PlanLine, Receipt
from unilogin.roster.plan import Place, plan_of, there_before

Placed = Mapping[int, str | None]
NOBODY = Guardians(0, 0, some_left=True)


def planned(before: Placed, after: Placed) -> tuple[PlanLine, ...]:
    """The plan of pupils who are in these classes before and after; a class in the file is as it was."""
    kinds: Counter[tuple[ChangeKind, str | None, str | None]] = Counter()
    for pupil in {*before, *after}:
        was, now = before.get(pupil), after.get(pupil)
        if pupil not in before:
            kinds[ChangeKind.NEW, now, None] += 1
        elif pupil not in after:
            kinds[ChangeKind.LEFT, None, was] += 1
        elif was != now:
            kinds[ChangeKind.MOVED, now, was] += 1
    counts = [ChangeCount(kind, ActorGroup.ELEV, now, people, was) for (kind, now, was), people in kinds.items()]
    sizes: Counter[Place] = Counter((ActorGroup.ELEV, name) for name in after.values() if name)
    return plan_of(counts, there={ActorGroup.ELEV: len(after)}, in_classes=sizes, guardians=NOBODY)


def told(lines: tuple[PlanLine, ...], language: str = "da") -> list[str]:
    texts = load_texts()
    return [in_words(texts, language, line) for line in lines]  # type: ignore[arg-type]


def school(**classes: tuple[int, int]) -> dict[int, str | None]:
    """Pupils by number: ``a8=(1, 5)`` puts 1 to 4 in 8.A."""
    return {n: f"{name[1:]}.{name[0].upper()}" for name, (first, end) in classes.items() for n in range(first, end)}


CASES = {
    "a year": (
        school(a0=(1, 20), a8=(20, 44), a9=(44, 66), a10=(66, 70)),
        school(a1=(1, 20), a9=(20, 44), a10=(44, 60), a0=(100, 123)),
        [
            "0.A → 1.A: alle 19",
            "8.A → 9.A: alle 24",
            "9.A → 10.A: 16 rykker med, 6 er her ikke længere",
            "Den hidtidige 10.A: 4 er her ikke længere",
            "0.A: 23 nye",
        ],
    ),
    "the oldest leave": (
        school(a8=(1, 25), a9=(30, 52)),
        school(a9=(1, 25)),
        ["8.A → 9.A: alle 24", "Den hidtidige 9.A: 22 er her ikke længere"],
    ),
    "exceptions": (
        school(a7=(1, 21), a8=(30, 50), b8=(60, 80)),
        {**school(a8=(1, 20), a9=(31, 50), b9=(60, 80), a7=(90, 91)), 20: "8.B", 30: "8.A", 92: "9.A"},
        [
            "7.A → 8.A: 19 rykker med, 1 flyttet til 8.B, 1 flyttet hertil",
            "8.A → 9.A: 19 rykker med, 1 ny, 1 bliver i 8.A",
            "8.B → 9.B: alle 20",
            "7.A: 1 ny",
            "8.B: 1 flyttet hertil",
        ],
    ),
    "repeaters of a class whose name another has": (
        school(a8=(1, 11), a9=(20, 30)),
        school(a9=(1, 13)) | {29: "9.A"},
        ["8.A → 9.A: alle 10, 2 nye, 1 flyttet hertil", "Den hidtidige 9.A: 9 er her ikke længere, 1 bliver i 9.A"],
    ),
    "two become one": (
        school(a5=(1, 11), b5=(20, 28)),
        school(a6=(1, 11)) | dict.fromkeys(range(20, 28), "6.A") | {50: "6.A"},
        ["5.A → 6.A: alle 10, 1 ny", "5.B → 6.A: alle 8"],
    ),
    "one is laid to another in the middle of the year": (
        school(a5=(1, 11), b5=(20, 26)),
        school(a5=(1, 11)) | dict.fromkeys(range(20, 26), "5.A"),
        ["5.B → 5.A: alle 6", "5.A: 10 som før"],
    ),
    "one becomes two": (
        school(x8=(1, 41)),
        school(a9=(1, 21), b9=(21, 41)),
        ["8.X: 20 flyttet til 9.A, 20 flyttet til 9.B", "9.A: 20 flyttet hertil", "9.B: 20 flyttet hertil"],
    ),
    "a small school": (
        school(a1=(1, 3), a2=(3, 4)),
        school(a2=(1, 3), a3=(3, 4)),
        ["1.A → 2.A: alle 2", "2.A → 3.A: 1 rykker med"],
    ),
    "an ordinary night": (
        school(a2=(1, 11), a10=(20, 31)),
        school(a2=(2, 11), a10=(20, 31)) | {1: "10.A", 40: "2.A"},
        ["2.A: 1 ny, 1 flyttet til 10.A, 9 som før", "10.A: 1 flyttet hertil, 11 som før"],
    ),
}


@pytest.mark.parametrize(("before", "after", "wanted"), CASES.values(), ids=list(CASES))
def test_the_plan_says_what_a_secretary_wants_to_know(before: Placed, after: Placed, wanted: list[str]) -> None:
    lines = planned(before, after)
    assert told(lines) == wanted
    assert all("{" not in line for line in told(lines, "en"))


PLACED = st.dictionaries(st.integers(1, 14), st.sampled_from(["1.A", "2.A", "2.B", "3.A", None]), max_size=14)


@given(before=PLACED, after=PLACED)
def test_everybody_is_counted_once_wherever_they_go(before: Placed, after: Placed) -> None:
    lines = planned(before, after)
    different = {pupil for pupil in {*before, *after} if before.get(pupil, "") != after.get(pupil, "")}
    touched = {placed[pupil] for placed in (before, after) for pupil in different if pupil in placed}
    assert sum(line.before for line in lines) == sum(name in touched for name in before.values())
    assert sum(line.after for line in lines) == sum(name in touched for name in after.values())
    assert sum(line.left for line in lines) == len({*before} - {*after})
    assert sum(line.new for line in lines) == len({*after} - {*before})
    assert all(line.before or line.after for line in lines)


# Through the door ----------------------------------------------------------------------------------------------------

TEACHER = member("m-1", person("6207752235", first="Bo", family="Ek"), employee())


def group(group_id: str, name: str, level: int) -> str:
    return (
        f"<Group><GroupId>{group_id}</GroupId><GroupName>{name}</GroupName><GroupType>Hovedgruppe</GroupType>"
        f"<GroupLevel>{level}</GroupLevel></Group>"
    )


def deliver(registry: Registry, groups: str, classes: Mapping[str, range], *, level: Mapping[str, int]) -> Receipt:
    pupils = [
        member(f"e-{n}", person(f"62051{n:05}", first=f"Barn{n}"), student(main=name, level=str(level[name])))
        for name, numbers in classes.items()
        for n in numbers
    ]
    receipt = registry.deliver(*pupils, TEACHER, groups=groups)
    assert receipt.status is DeliveryStatus.APPLIED, receipt
    return receipt


WAYS = {
    "an id is the class of today": (("8a", "9a"), ("9a", "8a")),
    "an id goes along with the class": (("k1", "k2"), ("k1", "k3")),
    "every year has ids of its own": (("8a-25", "9a-25"), ("9a-26", "8a-26")),
}


@pytest.mark.parametrize(("before", "after"), WAYS.values(), ids=list(WAYS))
def test_a_year_reads_the_same_however_a_system_calls_its_classes(
    registry: Registry, before: tuple[str, str], after: tuple[str, str]
) -> None:
    registry.execute(NO_LIMITS)
    eighth, ninth = before
    groups = group(eighth, "8.A", 8) + group(ninth, "9.A", 9)
    deliver(registry, groups, {eighth: range(10), ninth: range(20, 26)}, level={eighth: 8, ninth: 9})
    now, new = after
    groups = group(now, "9.A", 9) + group(new, "8.A", 8)
    receipt = deliver(registry, groups, {now: range(1, 10), new: range(40, 45)}, level={now: 9, new: 8})
    assert told(receipt.plan) == [
        "8.A → 9.A: 9 rykker med, 1 er her ikke længere",
        "Den hidtidige 9.A: 6 er her ikke længere",
        "8.A: 5 nye",
    ]
    moved = registry.row(
        "select count(*) from roster_change where delivery_id = $1 and kind = 'moved' and class_before = '8.A'"
        " and class_after = '9.A'",
        receipt.delivery_id,
    )
    assert moved == (9,)


def test_a_class_that_has_another_name_goes_on_whoever_of_it_changes(registry: Registry) -> None:
    deliver(registry, group("k1", "2.B", 2), {"k1": range(10)}, level={"k1": 2})
    receipt = deliver(registry, group("k1", "2.Bjørn", 2), {"k1": range(11)}, level={"k1": 2})
    assert told(receipt.plan) == ["2.B → 2.Bjørn: alle 10, 1 ny"]


def test_f_28_those_of_a_class_whose_name_goes_to_others_are_a_whole_class(registry: Registry) -> None:
    groups = group("8a", "8.A", 8) + group("9a", "9.A", 9)
    deliver(registry, groups, {"8a": range(10), "9a": range(20, 26)}, level={"8a": 8, "9a": 9})
    pupils = [
        member(f"e-{n}", person(f"62051{n:05}", first=f"Barn{n}"), student(main="9a", level="9")) for n in range(10)
    ]
    receipt = registry.deliver(*pupils, TEACHER, groups=groups)
    assert receipt.status is DeliveryStatus.PARKED
    assert [why_held(load_texts(), "da", one) for one in receipt.held_by] == [
        "Alle 6 i den hidtidige 9.A ville forsvinde. Andre elever har klassens navn fra nu af."
    ]


def test_how_many_belonged_before_is_counted_back_from_who_comes_and_goes() -> None:
    """What the brake counts its percents of: whoever moves or changes was there, and whoever comes was not."""
    counts = [
        ChangeCount(kind, ActorGroup.ELEV, "2.B", people, "2.A")
        for kind, people in zip(ChangeKind, (1, 20, 300, 4000, 50_000), strict=True)  # new, back, left, moved, changed
    ]
    there = {ActorGroup.ELEV: 100_000, ActorGroup.EKSTERN: 7}
    assert there_before(counts, there) == {ActorGroup.ELEV: 100_000 - 21 + 300, ActorGroup.EKSTERN: 7}
    gone = [ChangeCount(ChangeKind.LEFT, ActorGroup.MEDARBEJDER, None, 3)]
    assert there_before(gone, {}) == {ActorGroup.MEDARBEJDER: 3}
