"""The committed rosters: who is in them, and that nobody in them can be anybody."""

import csv
import re
from collections import defaultdict
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from unilogin.demo.cast import ANSWERS_TO_NOBODY
from unilogin.demo.generate import MUNICIPALITY_FOLDER, write_municipality
from unilogin.roster.generating.model import MUNICIPALITY, MUNICIPALITY_CODE

REAL_MUNICIPALITIES = """
København Frederiksberg Ballerup Brøndby Dragør Gentofte Gladsaxe Glostrup Herlev Albertslund Hvidovre Høje-Taastrup
Lyngby-Taarbæk Rødovre Ishøj Tårnby Vallensbæk Furesø Allerød Fredensborg Helsingør Hillerød Hørsholm Rudersdal
Egedal Frederikssund Greve Køge Halsnæs Roskilde Solrød Gribskov Odsherred Holbæk Faxe Kalundborg Ringsted Slagelse
Stevns Sorø Lejre Lolland Næstved Guldborgsund Vordingborg Bornholm Middelfart Christiansø Assens Faaborg-Midtfyn
Kerteminde Nyborg Odense Svendborg Nordfyns Langeland Ærø Haderslev Billund Sønderborg Tønder Esbjerg Fanø Varde
Vejen Aabenraa Fredericia Horsens Kolding Vejle Herning Holstebro Lemvig Struer Syddjurs Norddjurs Favrskov Odder
Randers Silkeborg Samsø Skanderborg Aarhus Ikast-Brande Ringkøbing-Skjern Hedensted Morsø Skive Thisted Viborg
Brønderslev Frederikshavn Vesthimmerlands Læsø Rebild Mariagerfjord Jammerbugt Aalborg Hjørring
"""
HIGHEST_MUNICIPALITY_CODE_IN_USE = 860

NUMBERS = ("999001", "999002", "999003", "999004")
NS = "{https://unilogin.dk/data}"


def roster(number: str) -> etree._Element:
    return etree.parse(str(MUNICIPALITY_FOLDER / f"{number}.xml")).getroot()


def text(element: etree._Element, path: str) -> str:
    found = element.findtext("/".join(NS + step for step in path.split("/")))
    assert found, path
    return found


def persons() -> list[etree._Element]:
    return [person for number in NUMBERS for person in roster(number).iter(f"{NS}Person")]


def pupils_of(group: str) -> list[etree._Element]:
    return [
        one for one in roster("999001").iter(f"{NS}InstitutionPerson") if one.findtext(f".//{NS}MainGroupId") == group
    ]


def test_the_committed_files_are_what_the_script_writes(tmp_path: Path) -> None:
    write_municipality(tmp_path)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    committed = {path.name: path.read_bytes() for path in MUNICIPALITY_FOLDER.iterdir()}
    assert written == committed


def test_the_rosters_stay_small() -> None:
    assert sum(path.stat().st_size for path in MUNICIPALITY_FOLDER.iterdir()) < 600_000


def test_no_cpr_number_can_be_a_living_persons() -> None:
    for person in persons():
        cpr, born = text(person, "CivilRegistrationNumber"), date.fromisoformat(text(person, "BirthDate"))
        if cpr.endswith("ZZZ9"):
            assert cpr[:6] == f"{born:%d%m%y}"
        else:
            assert cpr[:6] == f"{born.day + 60:02}{born:%m%y}"
            assert cpr[6] in ("456789" if born.year >= 2000 else "0123")
            assert int(cpr[9]) % 2 == (text(person, "Gender") == "M")


def test_a_person_is_told_about_in_the_same_words_everywhere() -> None:
    facts = defaultdict(set)
    for person in persons():
        facts[text(person, "CivilRegistrationNumber")].add(etree.tostring(person, with_tail=False))
    assert [cpr for cpr, told in facts.items() if len(told) > 1] == []
    assert len(facts) > 600


@pytest.mark.parametrize("number", NUMBERS)
def test_a_roster_keeps_the_rules_of_the_format(number: str) -> None:
    root = roster(number)
    kinds = {text(group, "GroupId"): text(group, "GroupType") for group in root.iter(f"{NS}Group")}
    levels = {text(group, "GroupId"): group.findtext(f"{NS}GroupLevel") for group in root.iter(f"{NS}Group")}
    assert all((kinds[group] == "Hovedgruppe") == (level is not None) for group, level in levels.items())
    locals_ = [text(one, "LocalPersonId") for one in root.iter(f"{NS}InstitutionPerson")]
    assert len(set(locals_)) == len(locals_)
    assert all(re.fullmatch(r"\S{1,18}", one) for one in locals_)
    for student in root.iter(f"{NS}Student"):
        assert levels[text(student, "MainGroupId")] == text(student, "Level")
        assert len(student.findall(f"{NS}ContactPerson")) <= 10
    assert {one.text for one in root.iter(f"{NS}GroupId", f"{NS}MainGroupId")} <= set(kinds)
    initials = [one.text for one in root.iter(f"{NS}ShortName")]
    assert len(set(initials)) == len(initials)


@pytest.mark.parametrize(
    ("group", "grade"), [("0a-2026", 0), ("2b-2024", 2), ("5a-2021", 5), ("8c-2018", 8), ("9a-2017", 9)]
)
def test_a_class_has_about_25_children_of_its_age(group: str, grade: int) -> None:
    pupils = pupils_of(group)
    years = [int(text(one, "Person/BirthDate")[:4]) for one in pupils]
    assert 23 <= len(pupils) <= 27
    assert set(years) <= {2020 - grade, 2019 - grade}
    assert years.count(2020 - grade) > 20


def test_levels_and_roles_follow_the_kind_of_institution() -> None:
    def seen(number: str, tag: str) -> set[str | None]:
        return {student.findtext(NS + tag) for student in roster(number).iter(f"{NS}Student")}

    assert (seen("999003", "Role"), seen("999003", "Level")) == ({"Studerende"}, {"U1", "U2", "U3"})
    assert (seen("999004", "Role"), seen("999004", "Level")) == ({"Barn"}, {"DT"})


def employees() -> dict[str, set[str]]:
    """CPR number to the institutions the person works at."""
    found = defaultdict(set)
    for number in NUMBERS:
        for one in roster(number).iter(f"{NS}InstitutionPerson"):
            if one.find(f"{NS}Employee") is not None:
                found[text(one, "Person/CivilRegistrationNumber")].add(number)
    return found


def children_of() -> dict[str, set[tuple[str, str]]]:
    """A contact person's CPR number to the children's classes."""
    found = defaultdict(set)
    for number in NUMBERS:
        for student in roster(number).iter(f"{NS}Student"):
            for contact in student.iter(f"{NS}ContactPerson"):
                found[text(contact, "Person/CivilRegistrationNumber")].add((number, text(student, "MainGroupId")))
    return found


def test_siblings_in_several_classes_share_parents() -> None:
    of_several = [classes for classes in children_of().values() if len(classes) > 1]
    assert len(of_several) > 20
    assert {("999001", "2b-2024"), ("999001", "8c-2018"), ("999004", "soestjernerne")} in of_several


def test_a_parent_teaches_at_the_childs_school_and_a_teacher_at_two() -> None:
    guardians = children_of()
    both = [cpr for cpr, places in employees().items() if "999001" in places and cpr in guardians]
    assert len(both) == 1
    assert [places for places in employees().values() if len(places) > 1] == [{"999001", "999002"}]


def test_the_protected_have_aliases_and_nobody_else_has() -> None:
    protected = {text(one, "CivilRegistrationNumber"): one for one in persons() if one.get("protected") == "true"}
    aliases = {text(one, "AliasFirstName") + " " + text(one, "AliasFamilyName") for one in protected.values()}
    assert aliases == {"Signe Dahl", "Hanne Dahl"}
    assert all(one.get("verificationLevel") == "0" for one in protected.values())
    assert all(text(one, "Address/StreetAddress") == ANSWERS_TO_NOBODY for one in protected.values())
    open_ones = [one for one in persons() if one.get("protected") == "false"]
    assert all(one.find(f"{NS}AliasFirstName") is None for one in open_ones)


def test_guardians_come_with_and_without_custody() -> None:
    contacts = [contact for number in NUMBERS for contact in roster(number).iter(f"{NS}ContactPerson")]
    assert {contact.get("relation") for contact in contacts} == {"Mor", "Far", "Andet", "Officielt tilknyttet person"}
    without = [contact for contact in contacts if contact.get("childCustody") == "false"]
    assert 5 < len(without) < len(contacts) / 4


def test_the_municipality_is_invented() -> None:
    assert MUNICIPALITY.removesuffix(" Kommune") not in REAL_MUNICIPALITIES.split()
    assert int(MUNICIPALITY_CODE) > HIGHEST_MUNICIPALITY_CODE_IN_USE


def test_company_numbers_have_valid_check_digits() -> None:
    with (MUNICIPALITY_FOLDER / "institutions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["number"] for row in rows] == list(NUMBERS)
    assert [row["public_law_body"] for row in rows] == ["yes", "no", "yes", "yes"]
    for row in rows:
        weighed = sum(int(digit) * weight for digit, weight in zip(row["cvr"], (2, 7, 6, 5, 4, 3, 2, 1), strict=True))
        assert weighed % 11 == 0
        assert row["cvr"].startswith("9999")
