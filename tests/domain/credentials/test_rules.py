"""Who has which type of password, when it must be changed, and who may have one: by table."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilogin.domain.credentials.model import (
    ChangeDue,
    Deadline,
    DueWhy,
    PasswordHolders,
    PasswordPolicy,
    PasswordType,
    StoredPassword,
)
from unilogin.domain.credentials.rules import (
    CHANGE_DAYS,
    TYPES,
    Change,
    change_of,
    may_hold_password,
    password_type,
)
from unilogin.domain.directory.model import AccountId, ActorGroup, Belonging, InstitutionId, InstitutionNumber

ELEV, STAFF, PARENT, EXTERN = (
    ActorGroup.ELEV,
    ActorGroup.MEDARBEJDER,
    ActorGroup.KONTAKTPERSON,
    ActorGroup.EKSTERN,
)
PICTURES, WORDS, PASSWORD = PasswordType
MODERN, STIL = PasswordPolicy.MODERN, PasswordPolicy.STIL
CLASSIC, DK_2026 = PasswordHolders.CLASSIC, PasswordHolders.DK_2026


def at(group: ActorGroup, level: str | None = None) -> Belonging:
    return Belonging(InstitutionId(UUID(int=1)), InstitutionNumber("999001"), group, (), level)


@pytest.mark.parametrize(
    ("belongings", "expected"),
    [
        *(([at(ELEV, level)], PICTURES) for level in ("DT", "0", "1", "2", "3")),
        *(([at(ELEV, level)], WORDS) for level in ("4", "5", "6")),
        *(([at(ELEV, level)], PASSWORD) for level in ("7", "8", "9", "10", "U1", "U2", "U3", "U4", "VU", "Andet")),
        ([at(ELEV)], PASSWORD),  # a pupil whose grade nobody has told us
        ([at(STAFF)], PASSWORD),
        ([at(EXTERN)], PASSWORD),
        ([at(PARENT)], PASSWORD),
        ([], PASSWORD),
        ([at(ELEV, "3"), at(ELEV, "4")], WORDS),  # at two schools: the highest
        ([at(ELEV, "2"), at(ELEV, "8")], PASSWORD),
        ([at(ELEV, "DT"), at(ELEV)], PICTURES),
        ([at(ELEV, "5"), at(PARENT)], PASSWORD),  # an adult among the pupils
        ([at(STAFF, "3")], PASSWORD),  # the level of whom they teach
    ],
)
def test_the_type_follows_the_highest_grade_and_the_adult(belongings: list[Belonging], expected: PasswordType) -> None:
    assert password_type(belongings) is expected
    assert password_type(belongings[::-1]) is expected


@pytest.mark.parametrize("forced", PasswordType)
@pytest.mark.parametrize("belongings", [[], [at(ELEV, "2")], [at(ELEV, "9")], [at(STAFF)]])
def test_what_the_school_has_decided_beats_the_grade(forced: PasswordType, belongings: list[Belonging]) -> None:
    assert password_type(belongings, forced=forced) is forced


def test_only_pictures_are_never_chosen_and_only_the_strongest_grows_old() -> None:
    assert {kind for kind, rules in TYPES.items() if not rules.may_choose} == {PICTURES}
    assert {kind: rules.valid_days for kind, rules in TYPES.items()} == {PICTURES: None, WORDS: None, PASSWORD: 365}
    assert {kind for kind, rules in TYPES.items() if rules.composed} == {PASSWORD}
    assert list(TYPES) == list(PasswordType)


RUNNING = Deadline(DueWhy.GRADE, days_left=12, passed=False)
LAST_DAY = Deadline(DueWhy.GRADE, days_left=1, passed=False)
OVER = Deadline(DueWhy.GRADE, days_left=0, passed=True)
SOON, NOW = ChangeDue.SOON, ChangeDue.NOW


def stored(kind: PasswordType, *, age_days: int = 0, deadline: Deadline | None = None) -> StoredPassword:
    return StoredPassword(AccountId(UUID(int=2)), kind, "hash", 1, age_days=age_days, deadline=deadline)


@pytest.mark.parametrize(
    ("has", "wanted", "policy", "expected"),
    [
        (stored(PICTURES), PICTURES, MODERN, Change()),
        (stored(WORDS), WORDS, STIL, Change()),
        (stored(PASSWORD), PASSWORD, STIL, Change()),
        # the grade shifts
        (stored(PICTURES), WORDS, MODERN, Change(SOON, starts=DueWhy.GRADE)),
        (stored(WORDS), PASSWORD, MODERN, Change(SOON, starts=DueWhy.GRADE)),
        (stored(PICTURES), PASSWORD, STIL, Change(SOON, starts=DueWhy.GRADE)),
        (stored(PICTURES, deadline=RUNNING), WORDS, MODERN, Change(SOON)),
        (stored(PICTURES, deadline=LAST_DAY), WORDS, MODERN, Change(SOON)),
        (stored(PICTURES, deadline=OVER), WORDS, MODERN, Change(NOW)),
        # a stronger one than is asked for may stay
        (stored(PASSWORD), WORDS, MODERN, Change()),
        (stored(WORDS), PICTURES, STIL, Change()),
        # the grade was a mistake
        (stored(PICTURES, deadline=RUNNING), PICTURES, MODERN, Change(lifted=True)),
        (stored(PICTURES, deadline=OVER), PICTURES, MODERN, Change(lifted=True)),
        # the year of the policy "stil"
        (stored(PASSWORD, age_days=334), PASSWORD, STIL, Change()),
        (stored(PASSWORD, age_days=335), PASSWORD, STIL, Change(SOON, starts=DueWhy.AGE)),
        (stored(PASSWORD, age_days=9999), PASSWORD, STIL, Change(SOON, starts=DueWhy.AGE)),
        (stored(PASSWORD, age_days=400, deadline=OVER), PASSWORD, STIL, Change(NOW)),
        (stored(WORDS, age_days=9999), WORDS, STIL, Change()),
        (stored(PICTURES, age_days=9999), PICTURES, STIL, Change()),
        # and its end, when the operator goes over to "modern"
        (stored(PASSWORD, age_days=400, deadline=OVER), PASSWORD, MODERN, Change(lifted=True)),
    ],
)
def test_when_a_password_must_be_changed(
    has: StoredPassword, wanted: PasswordType, policy: PasswordPolicy, expected: Change
) -> None:
    assert change_of(has, wanted=wanted, policy=policy) == expected


@given(
    st.sampled_from(PasswordType),
    st.sampled_from(PasswordType),
    st.sampled_from(PasswordPolicy),
    st.integers(0, 10_000),
    st.sampled_from([None, RUNNING, LAST_DAY, OVER]),
)
def test_nobody_is_stopped_who_was_not_told_before(
    kind: PasswordType, wanted: PasswordType, policy: PasswordPolicy, age_days: int, deadline: Deadline | None
) -> None:
    change = change_of(stored(kind, age_days=age_days, deadline=deadline), wanted=wanted, policy=policy)
    assert (change.due is NOW) <= (deadline is OVER)
    assert (change.starts is not None) <= (deadline is None and change.due is SOON)
    assert change.lifted <= (deadline is not None and change.due is None)
    assert CHANGE_DAYS == 30


@pytest.mark.parametrize(
    ("groups", "in_2026"),
    [
        ((ELEV,), True),
        ((STAFF,), False),
        ((PARENT,), False),
        ((EXTERN,), False),
        ((ELEV, PARENT), False),
        ((ELEV, STAFF), False),
        ((STAFF, PARENT), False),
        ((), True),  # belongs nowhere: the gate refuses, and not this rule
    ],
)
def test_who_may_hold_a_password(groups: tuple[ActorGroup, ...], *, in_2026: bool) -> None:
    assert may_hold_password(groups, CLASSIC)
    assert may_hold_password(groups, DK_2026) is in_2026
