"""Invented countries: repeatable, nobody twice, sizes as in Denmark, and a year later the same people a year older."""

import re
from pathlib import Path

import pytest
from lxml import etree

from unilogin.cli.institution_list import read_list
from unilogin.demo.generate import MUNICIPALITY_FOLDER
from unilogin.domain.directory.cpr import CprKind, kind_of, read_cpr
from unilogin.roster.generating.families import BEGINNING, FIRST_YEAR, Moment
from unilogin.roster.generating.generator import RosterSize, write_institutions, write_roster
from unilogin.roster.generating.schools import School, country, school_of

CPR = re.compile(rb"<CivilRegistrationNumber>([^<]+)<")
LATER = Moment(FIRST_YEAR + 1)
SCHOOLS = tuple(country(institutions=12, seed=3))


def write(path: Path, school: School = SCHOOLS[0], moment: Moment = BEGINNING) -> RosterSize:
    return write_roster(path, school, seed=3, moment=moment)


def classes(path: Path) -> dict[str, str]:
    """The name of each pupil's class, by local id."""
    root = etree.parse(str(path)).getroot()
    named = {one.findtext("{*}GroupId"): one.findtext("{*}GroupName") for one in root.iter("{*}Group")}
    return {
        str(one.findtext("{*}LocalPersonId")): str(named[one.findtext("{*}Student/{*}MainGroupId")])
        for one in root.iter("{*}InstitutionPerson")
        if one.find("{*}Student") is not None
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("country")
    for school in SCHOOLS:
        write(folder / f"{school.institution.number}.xml", school)
    write(folder / "later.xml", moment=LATER)
    write(folder / "night.xml", moment=Moment(night=1))
    return folder


def test_the_same_arguments_write_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    write(tmp_path / "again.xml")
    assert (tmp_path / "again.xml").read_bytes() == (folder / "G00000.xml").read_bytes()


def test_a_larger_country_begins_with_the_same_institutions() -> None:
    assert tuple(country(institutions=30, seed=3))[:12] == SCHOOLS


def test_the_list_of_institutions_can_be_imported(tmp_path: Path) -> None:
    schools = tuple(country(institutions=400, seed=3))
    write_institutions(tmp_path / "institutions.csv", schools)
    drafts = read_list(tmp_path / "institutions.csv")
    assert len({draft.number for draft in drafts}) == 400
    private = [draft.cvr for draft in drafts if not draft.public_law_body]
    assert len(set(private)) == len(private) > 0


def test_the_size_returned_is_what_the_file_holds(tmp_path: Path) -> None:
    size = write(tmp_path / "one.xml")
    content = (tmp_path / "one.xml").read_bytes()
    assert size.persons == len(set(CPR.findall(content)))
    assert size.bytes == len(content)
    assert content.count(b"<LocalPersonId>") == size.pupils + size.staff


def test_nobody_is_in_two_institutions_nor_in_the_demo_and_nobody_can_be_anybody(folder: Path) -> None:
    seen: set[bytes] = set()
    for path in [*sorted(folder.glob("G*.xml")), *MUNICIPALITY_FOLDER.glob("*.xml")]:
        numbers = set(CPR.findall(path.read_bytes()))
        if path.parent == folder:
            assert all(kind_of(read_cpr(one.decode())) is CprKind.REPLACEMENT for one in numbers)
            assert not numbers & seen
        seen |= numbers if path.parent == folder else set()
        assert path.parent == folder or not numbers & seen


def test_a_school_year_later_classes_have_moved_up_leavers_left_and_newcomers_come(folder: Path) -> None:
    before, after = classes(folder / "G00000.xml"), classes(folder / "later.xml")
    stayed = before.keys() & after.keys()
    up = sum(int(after[one][0]) == int(before[one][0]) + 1 for one in stayed)
    moved = sum(after[one][1:] != before[one][1:] for one in stayed)
    assert up == len(stayed)
    assert 0 < moved < 0.08 * len(stayed)
    assert {before[one][0] for one in before.keys() - stayed} >= {"9"}
    assert {after[one][0] for one in after.keys() - stayed} >= {"0"}
    assert 0.8 < len(after) / len(before) < 1.2


def test_a_night_changes_about_one_in_a_hundred(tmp_path: Path) -> None:
    school = school_of(1, lines=20)
    write_roster(tmp_path / "before.xml", school, seed=5)
    write_roster(tmp_path / "after.xml", school, seed=5, moment=Moment(night=1))
    before, after = (
        set((tmp_path / name).read_text("utf-8").split("<InstitutionPerson>")[1:])
        for name in ("before.xml", "after.xml")
    )
    assert 0.003 < len(before - after) / len(before) < 0.02
    assert after - before


def test_protected_people_have_an_alias_and_it_is_in_their_address_of_mail(tmp_path: Path) -> None:
    write_roster(tmp_path / "one.xml", school_of(1, lines=6), seed=5)
    protected = [
        one
        for one in etree.parse(str(tmp_path / "one.xml")).getroot().iter("{*}Person")
        if one.get("protected") == "true"
    ]
    assert protected
    for one in protected:
        family, alias, mail = (one.findtext("{*}" + tag) for tag in ("FamilyName", "AliasFamilyName", "EmailAddress"))
        assert alias
        assert mail is None or str(family).lower() not in mail or str(family) == str(alias)


def test_a_country_too_large_for_the_numbers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="CPR numbers"):
        write_roster(tmp_path / "one.xml", school_of(1, first=100_000), seed=1)
