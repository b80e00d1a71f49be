"""Name and address protection through deliveries: every doubt means protected."""

import pytest

from tests.roster.documents import contact, employee, member, person, student
from tests.roster.registry import Registry
from unilogin.roster.model import Counts

OPEN = member("e-1", person(), student())
HIDDEN = member("e-1", person(protected="true", alias=("Maja", "Holm")), student())
WITHOUT_ALIAS = member("e-1", person(protected="true"), student())
STATE = (
    "select protected, alias_first_name, alias_family_name, first_name from directory_person where first_name = 'Åse'"
)


def test_a_protected_persons_username_comes_from_the_alias(registry: Registry) -> None:
    registry.deliver(HIDDEN)
    (username,) = registry.row("select username from directory_account")
    assert str(username).startswith("maja")
    assert registry.row(STATE) == (True, "Maja", "Holm", "Åse")


def test_a_protected_person_without_alias_is_not_made(registry: Registry) -> None:
    receipt = registry.deliver(WITHOUT_ALIAS)
    assert receipt.counts == Counts(refused=1)
    assert registry.row("select count(*) from directory_person") == (0,)


def test_protection_begins_at_once(registry: Registry) -> None:
    registry.deliver(OPEN)
    registry.deliver(HIDDEN)
    assert registry.row(STATE) == (True, "Maja", "Holm", "Åse")


def test_protection_begins_at_once_even_without_an_alias(registry: Registry) -> None:
    registry.deliver(OPEN)
    receipt = registry.deliver(WITHOUT_ALIAS)
    assert [finding.code for finding in receipt.findings] == ["alias_missing"]
    assert registry.row(STATE) == (True, "Beskyttet", "Person", "Åse")
    registry.deliver(HIDDEN)
    assert registry.row(STATE) == (True, "Maja", "Holm", "Åse")


def test_protection_of_a_contact_person_begins_at_once(registry: Registry) -> None:
    def child(mother: str) -> str:
        return member("e-1", person(first="Bo"), student(more=contact(mother)))

    registry.deliver(child(person("6105802234")))
    registry.deliver(child(person("6105802234", protected="true", alias=("Maja", "Holm"))))
    assert registry.row(STATE)[:3] == (True, "Maja", "Holm")


def test_protection_of_staff_begins_with_what_their_childs_row_says(registry: Registry) -> None:
    teacher = member("m-1", person("6105802234"), employee())
    child = member(
        "e-1", person(first="Bo"), student(more=contact(person("6105802234", protected="true", alias=("A", "B"))))
    )
    registry.deliver(teacher, child)
    assert registry.row(STATE)[:3] == (True, "A", "B")


def test_a_new_alias_is_taken_over(registry: Registry) -> None:
    registry.deliver(HIDDEN)
    registry.deliver(HIDDEN.replace("Maja", "Mille"))
    assert registry.row(STATE)[:3] == (True, "Mille", "Holm")


def test_protection_ends_when_the_next_delivery_confirms_it(registry: Registry) -> None:
    registry.deliver(HIDDEN)
    first = registry.deliver(OPEN)
    assert [finding.code for finding in first.findings] == ["protection_ends"]
    assert registry.row(STATE)[0] is True
    second = registry.deliver(OPEN)
    assert second.findings == ()
    assert registry.row(STATE) == (False, None, None, "Åse")
    assert registry.deliver(OPEN).counts == Counts(unchanged=1)


def test_a_doubt_is_forgotten_when_the_source_takes_it_back(registry: Registry) -> None:
    registry.deliver(HIDDEN)
    registry.deliver(OPEN)
    registry.deliver(HIDDEN)
    receipt = registry.deliver(OPEN)
    assert [finding.code for finding in receipt.findings] == ["protection_ends"]
    assert registry.row(STATE)[0] is True


@pytest.mark.parametrize("times", [1, 3])
def test_protection_lasts_as_long_as_another_source_says_so(registry: Registry, times: int) -> None:
    registry.deliver(HIDDEN)
    for _ in range(times):
        registry.deliver(OPEN, number="999002")
    assert registry.row(STATE)[0] is True
    other = member("e-2", person("6305142236", first="Bo"), student())
    registry.deliver(other)  # the school that said so has let the pupil go
    registry.deliver(OPEN, number="999002")
    assert registry.row(STATE)[0] is True
    registry.deliver(OPEN, number="999002")
    assert registry.row(STATE)[0] is False
