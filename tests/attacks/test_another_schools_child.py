"""A sender, or an office that writes its school's file, who wants another school's child: as its parent, they are none.

Whoever knows a child's CPR number can name it in the file of their own school, with an accomplice as contact person.
With custody and MitID that one reads the username and opens five minutes for a new password.
"""

from collections.abc import Iterator

import pytest

from tests.builders.running import run
from tests.postgres import TestServer
from tests.roster.documents import contact, member, person, student
from tests.roster.registry import Registry, open_registry
from unilogin.domain.access.gates import children_in_custody
from unilogin.domain.directory.custody import CUSTODIANS
from unilogin.domain.directory.model import AccountId
from unilogin.kit.secrets import Secrets

HOME, THIEF = "999001", "999002"
_CPRS = iter(f"{61 + number % 28:02}0575{number:04}" for number in range(1000, 4000))


class Family:
    """A child of the home school with a mother; everybody new, so that each case has its own."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.cpr = {who: next(_CPRS) for who in ("child", "mum", "dad", "thief", "other")}

    def tells(self, number: str, *contacts: str, no: str = "", here: bool = True) -> None:
        """Let a school's system name the child with these contact persons; ``no`` is one without custody."""
        told = "".join(
            contact(person(self.cpr[one], first=one.title()), custody="false" if one == no else "true")
            for one in contacts
        )
        child = member("e-1", person(self.cpr["child"], first="Barn"), student(more=told))
        other = member("e-2", person(self.cpr["other"], first="Anden"), student())
        self.registry.deliver(*([child] if here else []), other, number=number, source=f"System {self.cpr['child']}")

    def has_custody(self, who: str) -> bool:
        """Whether somebody has custody of the child, by the gate and by the list of those who are told."""
        index = self.registry.secrets.cpr_vault().index
        numbers = index(self.cpr[who]), index(self.cpr["child"])
        found = self.registry.rows("select account_id from directory_account join directory_person using (person_id)"
                                   " where cpr_index = $1", numbers[0])  # fmt: skip
        if not found:
            return False
        account = AccountId(found[0][0])  # type: ignore[arg-type]
        gate = bool(self.registry.do(lambda connection: children_in_custody(connection, account)))
        listed = self.registry.row(
            f"select exists (select from directory_person p, directory_person r where p.cpr_index = $2"
            f" and r.cpr_index = $1 and r.person_id in ({CUSTODIANS}))",
            *numbers,
        )
        assert listed == (gate,)
        return gate


@pytest.fixture(scope="module")
def registry(postgres: TestServer, template: str, secrets: Secrets) -> Iterator[Registry]:
    """Two schools for all cases."""
    yield run(open_registry(postgres.create_database("another_schools_child", template), secrets))
    postgres.drop_database("another_schools_child")


@pytest.fixture
def family(registry: Registry) -> Family:
    return Family(registry)


def test_a_school_that_comes_later_makes_nobody_a_parent(family: Family) -> None:
    family.tells(HOME, "mum")
    family.tells(THIEF, "thief")
    assert not family.has_custody("thief")
    assert family.has_custody("mum"), "nor does it take anybody's custody by not naming them"
    family.tells(THIEF, "thief", "mum")
    assert not family.has_custody("thief")
    assert family.has_custody("mum")
    family.tells(THIEF, "thief", "mum", no="mum")
    assert not family.has_custody("mum"), "doubt means no"
    assert not family.has_custody("thief")


def test_nor_when_the_child_was_away_for_a_night(family: Family) -> None:
    family.tells(HOME, "mum")
    family.tells(THIEF, "thief")
    family.tells(HOME, here=False)
    family.tells(HOME, "mum")
    assert not family.has_custody("thief")


def test_nor_does_a_school_that_had_the_child_before(family: Family) -> None:
    family.tells(THIEF, "mum")
    family.tells(THIEF, here=False)
    family.tells(HOME, "mum")
    family.tells(THIEF, "thief")
    assert not family.has_custody("thief")


def test_who_is_named_by_two_numbers_has_custody_if_both_say_so(family: Family) -> None:
    family.tells(HOME, "mum")
    vault = family.registry.secrets.cpr_vault()
    family.registry.execute(
        "insert into directory_former_cpr (cpr_index, person_id) select $1, person_id from directory_person"
        " where cpr_index = $2",
        vault.index(family.cpr["dad"]),
        vault.index(family.cpr["mum"]),
    )
    for one, other in (("mum", "dad"), ("dad", "mum")):
        for no in ("mum", "dad"):
            family.tells(HOME, one, other, no=no)
            assert not family.has_custody("mum"), (one, no)
        family.tells(HOME, one, other)
        assert family.has_custody("mum")
    family.tells(THIEF, "mum", "dad", no="mum")
    assert not family.has_custody("mum"), "in the first file of a school, too"


def test_who_moves_has_the_parents_that_the_new_school_tells(family: Family) -> None:
    family.tells(HOME, "mum")
    family.tells(THIEF, "mum", "dad")
    assert not family.has_custody("dad"), "as long as both have the child, both have to know"
    family.tells(HOME, here=False)
    assert family.has_custody("mum")
    assert family.has_custody("dad")


def test_a_later_school_that_knows_one_parent_takes_nothing_from_the_other(family: Family) -> None:
    family.tells(HOME, "mum", "dad")
    family.tells(THIEF, "mum")
    assert family.has_custody("mum")
    assert family.has_custody("dad")


def test_where_the_first_school_names_nobody_the_next_ones_word_counts(family: Family) -> None:
    family.tells(HOME)
    family.tells(THIEF, "mum")
    assert family.has_custody("mum")
