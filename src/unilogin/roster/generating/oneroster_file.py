"""Writing a OneRoster 1.2 file: four tables grow side by side on the disk, so that no school needs memory.

Not everybody has told their system a CPR number, and this format does not need one.
"""

import csv
import hashlib
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from unilogin.roster.formats.oneroster_words import COLUMNS, GRADES_OF_LEVELS
from unilogin.roster.generating.draw import chance_of, mixed
from unilogin.roster.generating.mistakes import Member
from unilogin.roster.generating.model import Contact, Group, Institution, Person, Student
from unilogin.roster.generating.roster_file import Delivery

Row = Mapping[str, str]

_WITHOUT_NUMBER = 0.03
_SPREAD_OUT = ("users", "roles", "enrollments", "demographics")
_ROLES = {"Lærer": "teacher", "Vikar": "ext:Vikar", "Pædagog": "aide", "Leder": "principal"}
_SEXES = {"K": "female", "M": "male"}
_PIECE = 1 << 20


def write_tables(
    path: Path, delivery: Delivery, *, institution: Institution, groups: Iterable[Group], members: Iterable[Member]
) -> None:
    """Write a bulk delivery of one institution; `groups` and `members` may be generators."""
    number = institution.number
    year = delivery.school_year
    small: dict[str, list[Row]] = {
        "orgs": [{"sourcedId": number, "name": institution.name, "type": "school", "identifier": number}],
        "academicSessions": [_session(year)],
        "courses": [{"sourcedId": "course", "title": "Undervisning", "orgSourcedId": number}],
        "classes": [_class(group, number, year) for group in groups],
    }
    with ExitStack() as open_files, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        _put(archive, "manifest", [("propertyName", "value"), *_manifest(delivery, (*small, *_SPREAD_OUT))])
        for name, rows in small.items():
            _put(archive, name, [COLUMNS[name], *([row.get(column, "") for column in COLUMNS[name]] for row in rows)])
        files = {name: open_files.enter_context(_temporary()) for name in _SPREAD_OUT}
        tables = {name: csv.writer(file, lineterminator="\r\n") for name, file in files.items()}
        for name, table in tables.items():
            table.writerow(COLUMNS[name])
        for name, row in _rows(members, number):
            tables[name].writerow([row.get(column, "") for column in COLUMNS[name]])
        for name, file in files.items():
            _pack(archive, name, file)


def _temporary() -> IO[str]:
    return tempfile.TemporaryFile("w+", encoding="utf-8", newline="")


def _pack(archive: zipfile.ZipFile, name: str, file: IO[str]) -> None:
    file.seek(0)
    with archive.open(_entry(name), "w", force_zip64=True) as packed:
        while piece := file.read(_PIECE):
            packed.write(piece.encode())


def _put(archive: zipfile.ZipFile, name: str, rows: Iterable[Iterable[str]]) -> None:
    with _temporary() as file:
        csv.writer(file, lineterminator="\r\n").writerows(rows)
        _pack(archive, name, file)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(f"{name}.csv", date_time=(1980, 1, 1, 0, 0, 0))  # the same bytes each time
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _manifest(delivery: Delivery, tables: Iterable[str]) -> Iterator[tuple[str, str]]:
    yield "manifest.version", "1.0"
    yield "oneroster.version", "1.2"
    for name in tables:
        yield f"file.{name}", "bulk"
    yield "source.systemName", delivery.source
    yield "source.systemCode", "generator"
    yield "source.dateTime", delivery.extracted_at.isoformat()


def _session(year: str) -> Row:
    first, last = year.split("-")
    return {
        "sourcedId": year,
        "title": year,
        "type": "schoolYear",
        "startDate": f"{first}-08-01",
        "endDate": f"{last}-07-31",
        "schoolYear": last,
    }


def _class(group: Group, number: str, year: str) -> Row:
    return {
        "sourcedId": group.id,
        "title": group.name,
        "grades": GRADES_OF_LEVELS.get(group.level or "", ""),
        "courseSourcedId": "course",
        "classType": "homeroom" if group.type == "Hovedgruppe" else "scheduled",
        "schoolSourcedId": number,
        "termSourcedIds": year,
        "metadata.dk.type": group.type,
        "metadata.dk.level": group.level or "",
        "metadata.dk.line": group.line or "",
    }


def _rows(members: Iterable[Member], number: str) -> Iterator[tuple[str, Row]]:
    """Return the rows of each person; brothers and sisters come one after the other, and share contact persons."""
    told: tuple[Contact, ...] = ()
    for member in members:
        pupil = isinstance(member, Student)
        contacts = member.contacts if isinstance(member, Student) else ()
        yield "users", _user(member.local_id, member.person) | _school_facts(member, contacts)
        for place, role in enumerate((member.role,) if isinstance(member, Student) else member.roles):
            name = "student" if pupil else _ROLES.get(role, f"ext:{role}")
            yield "roles", _role(member.local_id, name, number=number, own=role, primary=place == 0)
        main = [member.main_group] if isinstance(member, Student) else []
        for group in (*main, *member.groups):
            yield "enrollments", _enrollment(member.local_id, group, number, pupil=pupil, main=group in main)
        yield from _demographics(member.local_id, member.person)
        for contact in contacts if contacts != told else ():
            yield "users", _user(_contact_id(contact), contact.person)
            name = "parent" if contact.relation in ("Mor", "Far") else "guardian" if contact.custody else "relative"
            yield "roles", _role(_contact_id(contact), name, number=number)
            yield from _demographics(_contact_id(contact), contact.person)
        told = contacts or told


def _user(sourced_id: str, person: Person) -> dict[str, str]:
    tells = chance_of(mixed(*person.cpr.encode()), 0) >= _WITHOUT_NUMBER
    alias = person.alias
    return {
        "sourcedId": sourced_id,
        "enabledUser": "true",
        "username": sourced_id,
        "givenName": person.first_name,
        "familyName": person.family_name,
        "email": person.email or "",
        "sms": "" if person.protected else (person.mobile or "").replace("+", "00"),
        "metadata.dk.cpr": person.cpr if tells else "",
        "metadata.dk.protected": "true" if alias else "",
        "metadata.dk.aliasGivenName": alias.first_name if alias else "",
        "metadata.dk.aliasFamilyName": alias.family_name if alias else "",
    }


def _school_facts(member: Member, contacts: tuple[Contact, ...]) -> dict[str, str]:
    if not isinstance(member, Student):
        return {"metadata.dk.initials": member.short_name, "metadata.dk.occupation": member.occupation}
    return {
        "grades": GRADES_OF_LEVELS.get(member.level, member.level),
        "metadata.dk.level": member.level,
        "agentSourcedIds": ",".join(map(_contact_id, contacts)),
        "metadata.dk.agentRelations": ",".join(one.relation for one in contacts),
        "metadata.dk.agentCustody": ",".join("true" if one.custody else "false" for one in contacts),
    }


def _contact_id(contact: Contact) -> str:
    return f"k{hashlib.blake2b(contact.person.cpr.encode(), digest_size=8).hexdigest()}"


def _role(user: str, name: str, *, number: str, own: str = "", primary: bool = True) -> Row:
    kind = "primary" if primary else "secondary"
    row = {"sourcedId": f"{user}-{own or name}", "userSourcedId": user, "roleType": kind, "role": name}
    return {**row, "orgSourcedId": number, "metadata.dk.role": own}


def _enrollment(user: str, group: str, number: str, *, pupil: bool, main: bool) -> Row:
    return {
        "sourcedId": f"{user}-{group}",
        "classSourcedId": group,
        "schoolSourcedId": number,
        "userSourcedId": user,
        "role": "student" if pupil else "teacher",
        "primary": "true" if main else "false",
    }


def _demographics(sourced_id: str, person: Person) -> Iterator[tuple[str, Row]]:
    yield "demographics", {"sourcedId": sourced_id, "birthDate": str(person.born), "sex": _SEXES[person.gender]}
