"""Invented countries: repeatable, nobody twice, sizes as in Denmark, and a year later the same people a year older."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest
from lxml import etree

from tests.builders.running import run
from tests.postgres import TestServer
from tests.roster.registry import OPERATOR, Registry, open_registry
from unilogin.cli.institution_list import read_list
from unilogin.demo.generate import MUNICIPALITY_FOLDER
from unilogin.domain.directory.actions import save_institutions
from unilogin.domain.directory.cpr import CprKind, kind_of, read_cpr
from unilogin.kit.secrets import Secrets
from unilogin.roster.formats.opening import open_document
from unilogin.roster.formats.unilogin_import import NAMESPACES
from unilogin.roster.generating.families import BEGINNING, FIRST_YEAR, NIGHTS, Moment
from unilogin.roster.generating.generator import RosterSize, write_changes, write_institutions, write_roster
from unilogin.roster.generating.members import Count, members, members_of_staff
from unilogin.roster.generating.mistakes import Member
from unilogin.roster.generating.model import Contact, Employee, Person, Student
from unilogin.roster.generating.schools import FOLKESKOLE, Around, School, country, school_of
from unilogin.roster.messages import Found
from unilogin.roster.model import DeliveryKind, DeliveryStatus, PersonRow, Receipt

CPR = re.compile(rb"<CivilRegistrationNumber>([^<]+)<")
LATER = Moment(FIRST_YEAR + 1)
SCHOOLS = tuple(country(institutions=12, seed=3))
TWO_LINES = next(one for one in SCHOOLS if one.kind is FOLKESKOLE and one.lines == 2)


def write(path: Path, school: School = SCHOOLS[0], moment: Moment = BEGINNING) -> RosterSize:
    return write_roster(path, school, seed=3, moment=moment)


class Seats(NamedTuple):
    """The classes of a file by their ids, and each pupil's by local id."""

    names: dict[str, str]
    groups: dict[str, str]


def seats(path: Path) -> Seats:
    root = etree.parse(str(path)).getroot()
    names = {str(one.findtext("{*}GroupId")): str(one.findtext("{*}GroupName")) for one in root.iter("{*}Group")}
    groups = {
        str(one.findtext("{*}LocalPersonId")): str(one.findtext("{*}Student/{*}MainGroupId"))
        for one in root.iter("{*}InstitutionPerson")
        if one.find("{*}Student") is not None
    }
    return Seats(names, groups)


def classes(path: Path) -> dict[str, str]:
    """The name of each pupil's class, by local id."""
    told = seats(path)
    return {one: told.names[group] for one, group in told.groups.items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("country")
    for school in SCHOOLS:
        write(folder / f"{school.institution.number}.xml", school)
    write(folder / "later.xml", TWO_LINES, LATER)
    write(folder / "night.xml", moment=Moment(night=1))
    return folder


def test_the_same_arguments_write_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    write(tmp_path / "again.xml")
    assert (tmp_path / "again.xml").read_bytes() == (folder / "G00000.xml").read_bytes()


def test_a_larger_country_begins_with_the_same_institutions() -> None:
    assert tuple(country(institutions=30, seed=3))[:12] == SCHOOLS


def test_the_list_of_institutions_can_be_imported(tmp_path: Path) -> None:
    schools = tuple(country(institutions=2500, seed=3))
    write_institutions(tmp_path / "institutions.csv", schools)
    drafts = read_list(tmp_path / "institutions.csv")
    assert len({draft.number for draft in drafts}) == 2500
    private = [draft.cvr for draft in drafts if not draft.public_law_body]
    assert len(set(private)) == len(private) > 0


def test_the_size_returned_is_what_the_file_holds(tmp_path: Path) -> None:
    size = write(tmp_path / "one.xml")
    content = (tmp_path / "one.xml").read_bytes()
    assert size.persons == len(set(CPR.findall(content)))
    assert size.bytes == len(content)
    assert content.count(b"<LocalPersonId>") == size.pupils + size.staff


def test_nobody_is_in_the_demo_and_nobody_can_be_anybody(folder: Path) -> None:
    seen = {number for path in folder.glob("G*.xml") for number in CPR.findall(path.read_bytes())}
    assert all(kind_of(read_cpr(one.decode())) is CprKind.REPLACEMENT for one in seen)
    for path in MUNICIPALITY_FOLDER.glob("*.xml"):
        assert not seen & set(CPR.findall(path.read_bytes()))


def test_a_school_year_later_classes_have_moved_up_leavers_left_and_newcomers_come(folder: Path) -> None:
    before, after = classes(folder / f"{TWO_LINES.institution.number}.xml"), classes(folder / "later.xml")
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


# Families of a municipality -----------------------------------------------------------------------------------------

SEED = 9
TOWN = tuple(country(institutions=20, seed=SEED))
HOME = next(one for one in TOWN[1:] if one.kind is FOLKESKOLE and one.lines == 1)
AROUND = HOME.municipality.around(HOME) if HOME.municipality else Around()
BESIDE, DAY_CARE, GYMNASIUM = AROUND.beside or HOME, AROUND.day_cares[0][1], AROUND.gymnasiums[0][1]
FEW = (HOME, BESIDE, DAY_CARE, GYMNASIUM)


def everybody(moment: Moment, schools: Iterable[School] = FEW) -> dict[str, list[Member]]:
    """All members by the name of the institution's kind; each institution's own."""
    return {school.institution.number: list(members(school, Count(), seed=SEED, moment=moment)) for school in schools}


@pytest.fixture(scope="module")
def now() -> dict[str, list[Member]]:
    return everybody(BEGINNING)


@pytest.fixture(scope="module")
def next_year() -> dict[str, list[Member]]:
    return everybody(LATER)


def pupils(told: Mapping[str, list[Member]], school: School) -> dict[str, Student]:
    """Children of an institution by CPR number."""
    return {one.person.cpr: one for one in told[school.institution.number] if isinstance(one, Student)}


def contacts(told: Mapping[str, list[Member]]) -> Iterator[tuple[Student, Contact]]:
    for some in told.values():
        for one in some:
            if isinstance(one, Student):
                yield from ((one, contact) for contact in one.contacts)


def people(told: Mapping[str, list[Member]]) -> Iterator[Person]:
    for some in told.values():
        for one in some:
            yield one.person
    yield from (contact.person for _, contact in contacts(told))


def test_families_have_children_at_several_institutions_and_everybody_is_told_of_alike(
    now: dict[str, list[Member]],
) -> None:
    facts: dict[str, Person] = {}
    for person in people(now):
        assert facts.setdefault(person.cpr, person) == person
    where: dict[str, set[str]] = {}
    for number, some in now.items():
        for one in some:
            for contact in one.contacts if isinstance(one, Student) else ():
                where.setdefault(contact.person.cpr, set()).add(number)
    shared = Counter(len(numbers) for numbers in where.values())
    assert shared[2] > 20
    for school in (DAY_CARE, BESIDE, GYMNASIUM):
        both = {HOME.institution.number, school.institution.number}
        assert any(both <= numbers for numbers in where.values()), school.institution.name


def test_a_municipality_has_every_kind_of_family_that_schools_tell_of(now: dict[str, list[Member]]) -> None:
    told = list(contacts(now))
    staff = {one.person.cpr for some in now.values() for one in some if isinstance(one, Employee)}
    at_home = [(pupil.person, contact) for pupil, contact in told]
    assert any(contact.person.address != child.address for child, contact in at_home)  # divorced, at two addresses
    assert any(contact.relation in ("Mor", "Far") and not contact.custody for _, contact in told)
    assert any(contact.relation == "Andet" and contact.custody for _, contact in told)
    assert any(contact.relation == "Andet" and not contact.custody for _, contact in told)
    assert any([one.relation for one in pupil.contacts] == ["Mor", "Mor"] for pupil, _ in told)
    assert any(contact.person.cpr in staff for _, contact in told)  # a parent who works at a school
    assert any(person.protected for person in people(now))
    assert pupils(now, HOME).keys() & pupils(now, BESIDE).keys()  # at two schools
    assert any(len(one.roles) > 1 for some in now.values() for one in some if isinstance(one, Employee))
    ages = Counter(FIRST_YEAR - one.person.born.year - int(one.level) for one in pupils(now, HOME).values())
    assert set(ages) == {6, 7}  # most begin at six, and a few a year later
    assert 0.01 < ages[7] / ages.total() < 0.12


def test_staff_may_have_two_jobs() -> None:
    posts = [one.person.cpr for school in TOWN for one in members_of_staff(school, seed=SEED, moment=BEGINNING)]
    assert max(Counter(posts).values()) > 1


def test_names_are_as_common_as_they_are_and_so_are_girls(now: dict[str, list[Member]]) -> None:
    everyone = {person.cpr: person for person in people(now)}.values()
    families = Counter(person.family_name for person in everyone)
    assert families["Jensen"] > 2 * families["Klit"]
    assert 0.02 < families["Jensen"] / len(everyone) < 0.12
    children = [one.person.gender for school in FEW for one in pupils(now, school).values()]
    assert 0.43 < children.count("K") / len(children) < 0.55


def test_a_year_later_everybody_is_one_grade_up_with_the_same_id_or_has_gone_where_one_goes(
    now: dict[str, list[Member]], next_year: dict[str, list[Member]]
) -> None:
    for school in (HOME, BESIDE, GYMNASIUM):
        before, after = pupils(now, school), pupils(next_year, school)
        levels = school.kind.levels
        for cpr in before.keys() & after.keys():
            assert after[cpr].local_id == before[cpr].local_id
            assert levels.index(after[cpr].level) == levels.index(before[cpr].level) + 1
    assert pupils(now, DAY_CARE).keys() & pupils(next_year, HOME).keys()
    assert pupils(now, HOME).keys() & pupils(next_year, GYMNASIUM).keys()
    assert (pupils(now, HOME).keys() - pupils(next_year, HOME).keys()) & pupils(next_year, BESIDE).keys()
    for cpr, child in pupils(next_year, HOME).items():
        if cpr in pupils(now, DAY_CARE):
            assert child.level == "0"


def parsed(path: Path) -> dict[str, str]:
    """People of a file by local id, word for word."""
    parts = path.read_text("utf-8").split("<InstitutionPerson>")[1:] if path.exists() else []
    return {re.search("<LocalPersonId>(.+?)<", one)[1]: one.split("</Institution>")[0].strip() for one in parts}  # type: ignore[index]


def test_deltas_make_one_night_of_the_night_before(tmp_path: Path) -> None:
    at = [Moment(night=30), Moment(night=40)]
    for moment in at:
        write_roster(tmp_path / f"{moment.night}.xml", HOME, seed=SEED, moment=moment)
    write_changes(tmp_path, HOME, seed=SEED, before=at[0], after=at[1])
    before, after = (parsed(tmp_path / f"{moment.night}.xml") for moment in at)
    left, changed = (parsed(tmp_path / f"{HOME.institution.number}.{kind}.xml") for kind in ("delete", "delta"))
    assert left.keys() == before.keys() - after.keys()
    assert changed == {one: after[one] for one in after if before.get(one) != after[one]}
    assert len(changed) < 0.2 * len(after)


def read(path: Path) -> dict[str, PersonRow]:
    """Everybody of a file as our own import reads them; a finding is a failure."""
    with path.open("rb") as file:
        document = open_document(
            file, kind=DeliveryKind.FULL, hash_key=b"k" * 32, today=date(FIRST_YEAR, 9, 1), namespaces=NAMESPACES
        )
        told = [row for chunk in document.rows(500, is_known=lambda _: False) for row in chunk]
        document.finish()
    assert [(row.line, one.code) for row in told for one in row.findings] == []
    assert document.group_findings == ()
    return {row.row.local_person_id: row.row for row in told if row.row}


def said(row: PersonRow) -> tuple[object, ...]:
    """What both formats tell of somebody."""
    contacts = {(one.facts.first_name, one.facts.family_name, one.relation, one.child_custody) for one in row.contacts}
    facts = row.facts
    names = (facts.first_name, facts.family_name, facts.protected, facts.alias_first_name, facts.alias_family_name)
    place = (row.actor_group, set(row.roles), row.level, row.main_group, set(row.groups))
    return (*names, facts.birth_date, facts.gender, facts.email, *place, contacts)


@pytest.mark.parametrize("seed", range(20, 24))
def test_whatever_the_seed_both_formats_are_read_as_the_same_people_without_a_finding(
    seed: int, tmp_path: Path
) -> None:
    schools = list(country(institutions=60, seed=seed))
    school = min((one for one in schools[seed:] if one.kind.has_families), key=lambda one: one.lines)
    moment = Moment(FIRST_YEAR, seed * 4)
    tables, document = (
        write_roster(tmp_path / f"one.{ending}", school, seed=seed, moment=moment) for ending in ("zip", "xml")
    )
    assert (tables.persons, tables.pupils) == (document.persons, document.pupils)
    in_tables, in_document = read(tmp_path / "one.zip"), read(tmp_path / "one.xml")
    assert len(in_document) == document.pupils + document.staff
    assert in_tables.keys() == in_document.keys()
    assert [one for one in in_document if said(in_tables[one]) != said(in_document[one])] == []
    numbers = [row.facts.cpr for row in in_tables.values()]
    assert 0 < numbers.count(None) < 0.1 * len(numbers)


def test_a_cpr_number_changes_where_mistakes_are_asked_for() -> None:
    at_the_end = Moment(night=NIGHTS)
    typed, true = (
        {one.local_id: one.person for one in members(HOME, Count(), seed=SEED, moment=at_the_end, mistakes=mistakes)}
        for mistakes in (True, False)
    )
    changed = {
        person.cpr
        for local_id, person in typed.items()
        if local_id in true and person.born != true[local_id].born and person.cpr != true[local_id].cpr
    }
    assert 0 < len(changed) < 10
    assert not changed & {person.cpr for person in true.values()}
    assert {kind_of(read_cpr(one)) for one in changed} == {CprKind.REPLACEMENT}


# Through the front door ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def town(
    postgres: TestServer, template: str, secrets: Secrets, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Registry]:
    """A database that knows the institutions."""
    registry = run(open_registry(postgres.create_database("town", template), secrets))
    listed = tmp_path_factory.mktemp("town") / "institutions.csv"
    write_institutions(listed, TOWN)
    registry.act(lambda tx: save_institutions(tx, read_list(listed), actor=OPERATOR))
    yield registry
    postgres.drop_database("town")


def send(registry: Registry, path: Path, kind: DeliveryKind = DeliveryKind.FULL) -> Receipt:
    return registry.send(path.read_bytes(), kind=kind)


def test_everything_loads_without_a_finding_and_a_new_school_year_is_planned_as_one_expects(
    town: Registry, tmp_path: Path
) -> None:
    for school in (HOME, BESIDE, DAY_CARE):
        size = write_roster(tmp_path / "one.xml", school, seed=SEED)
        receipt = send(town, tmp_path / "one.xml")
        assert (receipt.status, receipt.findings) == (DeliveryStatus.APPLIED, ())
        assert receipt.counts.created == size.pupils + size.staff
    (people_there, numbers) = town.row("select count(*), count(distinct cpr_index) from directory_person")
    assert people_there == numbers  # who is at several institutions is one person
    kinds = {"delete": DeliveryKind.DELETE, "delta": DeliveryKind.DELTA}
    for school in (HOME, BESIDE, DAY_CARE):
        for path in write_changes(tmp_path, school, seed=SEED, before=BEGINNING, after=Moment(night=3)):
            receipt = send(town, path, kinds[path.suffixes[0][1:]])
            assert (receipt.status, receipt.findings) == (DeliveryStatus.APPLIED, ())
    before, after = tmp_path / "before.xml", tmp_path / "after.xml"
    write_roster(before, HOME, seed=SEED, moment=Moment(night=3))
    write_roster(after, HOME, seed=SEED, moment=Moment(FIRST_YEAR + 1, 3))
    receipt = send(town, after)
    assert (receipt.status, receipt.findings) == (DeliveryStatus.PARKED, ())
    assert planned(receipt) == expected(before, after)


Called = tuple[str | None, str | None]
"""What a class is called before and afterwards."""


def planned(receipt: Receipt) -> dict[Called, tuple[int, int, dict[str, int]]]:
    """Of each class that changes: who is new, who leaves, and who goes elsewhere than the class does."""
    return {
        (line.was or (line.group if line.before else None), line.group if line.after else None): (
            line.new,
            line.left,
            dict(line.moved),
        )
        for line in receipt.plan
        if line.actor_group == "Elev" and (line.new or line.left or line.moved)
    }


def expected(before: Path, after: Path) -> dict[Called, tuple[int, int, dict[str, int]]]:
    """The same, from the files, where a class that moves up keeps its id."""
    was, now = (seats(path) for path in (before, after))
    new = Counter(group for one, group in now.groups.items() if one not in was.groups)
    left = Counter(group for one, group in was.groups.items() if one not in now.groups)
    moved: dict[str, Counter[str]] = {}
    for one in was.groups.keys() & now.groups.keys():
        if was.groups[one] != now.groups[one]:
            moved.setdefault(was.groups[one], Counter())[now.names[now.groups[one]]] += 1
    return {
        (was.names.get(group), now.names.get(group)): (new[group], left[group], dict(moved.get(group, {})))
        for group in {*new, *left, *moved}
    }


def test_a_oneroster_file_holds_the_same_people_and_some_have_no_number(
    postgres: TestServer, template: str, secrets: Secrets, tmp_path: Path
) -> None:
    school = school_of(7, lines=1)
    elsewhere = run(open_registry(postgres.create_database("tables", template), secrets))
    write_institutions(tmp_path / "institutions.csv", [school])
    elsewhere.act(lambda tx: save_institutions(tx, read_list(tmp_path / "institutions.csv"), actor=OPERATOR))
    try:
        for moment in (BEGINNING, Moment(night=NIGHTS // 10)):
            size = write_roster(tmp_path / "one.zip", school, seed=SEED, moment=moment)
            receipt = send(elsewhere, tmp_path / "one.zip")
            assert (receipt.status, receipt.findings) == (DeliveryStatus.APPLIED, ())
            assert (
                receipt.counts.created + receipt.counts.changed + receipt.counts.unchanged == size.pupils + size.staff
            )
        told = (
            "select count(*) filter (where cpr_index is null), count(*) filter (where protected) from directory_person"
        )
        without, protected = elsewhere.row(told)
        assert int(str(without)) > 5
        assert int(str(protected)) > 0
        (deciding,) = elsewhere.row("select avg(child_custody::int)::float from directory_contact")
        assert 0.8 < float(str(deciding)) < 0.98
    finally:
        postgres.drop_database("tables")


def test_mistakes_are_made_where_they_are_asked_for_and_each_is_told(town: Registry, tmp_path: Path) -> None:
    found: Counter[str] = Counter()
    refused = 0
    for school in TOWN[3:7]:
        write_roster(tmp_path / "one.xml", school, seed=SEED, mistakes=True)
        receipt = send(town, tmp_path / "one.xml")
        assert receipt.status is DeliveryStatus.APPLIED
        found.update(one.code for one in receipt.findings)
        refused += receipt.counts.refused
    assert Found.LOCAL_ID_IS_CPR in found
    assert len(found) >= 5
    assert 0 < refused < found.total()
