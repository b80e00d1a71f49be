"""Rosters of any size: repeatable, without anybody twice, in the proportions of a real school."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from unilogin.demo.crowd import EXTRACTED_AT, MOST_FAMILIES, RosterSize, write_roster

CPR = re.compile(rb"<CivilRegistrationNumber>([^<]+)<")


def make(path: Path, *, first_family: int = 0, pupils: int = 900, changed_every: int | None = None) -> RosterSize:
    return write_roster(
        path, seed=7, institution="990001", pupils=pupils, first_family=first_family, changed_every=changed_every
    )


def test_the_same_arguments_write_the_same_bytes(tmp_path: Path) -> None:
    make(tmp_path / "one.xml")
    make(tmp_path / "two.xml")
    assert (tmp_path / "one.xml").read_bytes() == (tmp_path / "two.xml").read_bytes()


def test_the_size_returned_is_what_the_file_holds(tmp_path: Path) -> None:
    size = make(tmp_path / "one.xml")
    root = etree.parse(str(tmp_path / "one.xml")).getroot()
    cprs = {one.text for one in root.iter("{*}CivilRegistrationNumber")}
    local_ids = [one.text for one in root.iter("{*}LocalPersonId")]
    assert len(cprs) == size.persons
    assert len(set(local_ids)) == len(local_ids) == size.pupils + size.staff
    assert size.bytes == (tmp_path / "one.xml").stat().st_size


def test_proportions_are_those_of_a_school(tmp_path: Path) -> None:
    size = make(tmp_path / "one.xml")
    assert size.staff == pytest.approx(0.1 * (size.pupils + size.staff), rel=0.02)
    contacts = [
        len(student.findall("{*}ContactPerson"))
        for student in etree.parse(str(tmp_path / "one.xml")).getroot().iter("{*}Student")
    ]
    assert set(contacts) == {1, 2}
    assert 0.75 < contacts.count(2) / len(contacts) < 0.95


def test_rosters_of_other_families_share_nobody(tmp_path: Path) -> None:
    first = make(tmp_path / "one.xml")
    make(tmp_path / "two.xml", first_family=first.families)
    one, two = (set(CPR.findall((tmp_path / name).read_bytes())) for name in ("one.xml", "two.xml"))
    assert not one & two


def test_a_crowd_shares_nobody_with_the_municipality(tmp_path: Path) -> None:
    from unilogin.demo.generate import MUNICIPALITY_FOLDER

    make(tmp_path / "one.xml", pupils=5000)
    crowd = set(CPR.findall((tmp_path / "one.xml").read_bytes()))
    for path in MUNICIPALITY_FOLDER.glob("*.xml"):
        assert not crowd & set(CPR.findall(path.read_bytes()))


def test_a_later_delivery_changes_only_who_was_asked_to_change(tmp_path: Path) -> None:
    make(tmp_path / "one.xml")
    make(tmp_path / "two.xml", changed_every=30)
    one, two = ((tmp_path / name).read_text("utf-8").splitlines() for name in ("one.xml", "two.xml"))
    assert sum(a != b for a, b in zip(one, two, strict=True)) == 900 // 30


def test_a_later_delivery_of_the_same_differs_in_its_time_alone(tmp_path: Path) -> None:
    make(tmp_path / "one.xml")
    write_roster(
        tmp_path / "two.xml", seed=7, institution="990001", pupils=900, extracted_at=EXTRACTED_AT + timedelta(days=1)
    )
    one, two = ((tmp_path / name).read_text("utf-8") for name in ("one.xml", "two.xml"))
    assert one.replace("2026-08-10T03", "2026-08-11T03", 1) == two


def test_it_refuses_when_cpr_numbers_run_out(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="families"):
        make(tmp_path / "one.xml", first_family=MOST_FAMILIES)
