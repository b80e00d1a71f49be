"""A load vouches for the references it writes, so that nobody asks for them once more: all of them hold."""

from pathlib import Path

import pytest

from tests.roster.documents import contact, member, person, student
from tests.roster.registry import Registry
from unilogin.roster.generating.families import Moment
from unilogin.roster.generating.generator import extracted_at, write_roster
from unilogin.roster.generating.schools import school_of
from unilogin.roster.model import DeliveryStatus

REFERENCES = (
    ("directory_account", "person_id", "directory_person", "person_id"),
    ("directory_account", "username", "directory_username", "username"),
    ("directory_membership", "person_id", "directory_person", "person_id"),
    ("directory_membership", "institution_id", "directory_institution", "institution_id"),
    ("directory_group_member", "membership_id", "directory_membership", "membership_id"),
    ("directory_group_member", "group_key", "directory_group", "group_key"),
    ("directory_contact", "membership_id", "directory_membership", "membership_id"),
    ("directory_contact", "contact_person_id", "directory_person", "person_id"),
)
SCHOOL = school_of(1, lines=1)


def test_references_of_loads_hold(registry: Registry, tmp_path: Path) -> None:
    for night in range(3):
        moment = Moment(night=night)
        write_roster(tmp_path / "one.xml", SCHOOL, seed=7, moment=moment, at=extracted_at(moment))
        text = (tmp_path / "one.xml").read_bytes().replace(SCHOOL.institution.number.encode(), b"999001")
        registry.send(text)
    for table, column, whole, key in REFERENCES:
        told = registry.row(
            f"select count(*), count(*) filter (where not exists (select from {whole} w where w.{key} = t.{column}))"
            f" from {table} t"
        )
        assert told[0], table
        assert told[1] == 0, (table, column)


@pytest.mark.parametrize("known", [False, True])
def test_a_contact_person_told_of_under_both_numbers_is_one(registry: Registry, known: bool) -> None:
    mother = "0105801234"
    registry.deliver(member("e-1", person(), student(more=contact(person(mother)))))
    former = registry.secrets.cpr_vault().index("0205801234")
    registry.execute(
        "insert into directory_former_cpr (cpr_index, person_id) select $1, contact_person_id from directory_contact",
        former,
    )
    twice = contact(person(mother)) + contact(person("0205801234"))
    receipt = registry.deliver(member("e-1", person(), student(more=twice)), number="999001" if known else "999002")
    assert receipt.status is DeliveryStatus.APPLIED
    assert registry.row("select count(*), count(distinct contact_person_id) from directory_contact") == (
        1 + (not known),
        1,
    )
