"""Writing a UNILoginImport document, one person at a time, so that a file of any size needs no memory.

The order of elements is the one the format prescribes; every person stands on a line of their own, so that a finding's
line number leads to the right one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import TextIO

from unilogin.roster.generating.model import Alias, Contact, Employee, Extern, Group, Institution, Person, Student

NAMESPACE = "https://unilogin.dk/data"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the head of a file says about where and when it comes from."""

    source: str
    extracted_at: datetime
    school_year: str = "2026-2027"


def write_document(
    out: TextIO,
    delivery: Delivery,
    *,
    institution: Institution,
    groups: Iterable[Group],
    members: Iterable[Student | Employee | Extern],
) -> None:
    """Write a full delivery of one institution; `groups` and `members` may be generators."""
    out.write(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<!-- Invented persons: every CPR number is one that nobody can have. Written by Unilogin. -->\n"
        f'<UNILoginImport xmlns="{NAMESPACE}" sourceDateTime="{delivery.extracted_at.isoformat()}"'
        f' source="{escape(delivery.source)}" schoolYear="{delivery.school_year}">\n'
        f"<Institution>{_leaf('InstitutionNumber', institution.number)}{_leaf('InstitutionName', institution.name)}\n"
    )
    for group in groups:
        out.write(_group(group))
    for member in members:
        out.write(_member(member))
    out.write("</Institution>\n</UNILoginImport>\n")


def _leaf(tag: str, text: str | None) -> str:
    return "" if text is None else f"<{tag}>{escape(text, quote=False)}</{tag}>"


def _leaves(tag: str, texts: Iterable[str]) -> str:
    return "".join([_leaf(tag, text) for text in texts])


def _group(group: Group) -> str:
    return (
        f"<Group>{_leaf('GroupId', group.id)}{_leaf('GroupName', group.name)}{_leaf('GroupType', group.type)}"
        f"{_leaf('GroupLevel', group.level)}{_leaf('Line', group.line)}</Group>\n"
    )


def _member(member: Student | Employee | Extern) -> str:
    match member:
        case Student():
            part = _student(member)
        case Employee():
            part = (
                f"<Employee>{_leaves('Role', member.roles)}{_leaf('ShortName', member.short_name)}"
                f"{_leaf('Occupation', member.occupation)}{_leaves('GroupId', member.groups)}</Employee>"
            )
        case Extern():
            part = f"<Extern>{_leaf('Role', member.role)}{_leaves('GroupId', member.groups)}</Extern>"
    return (
        f"<InstitutionPerson>{_leaf('LocalPersonId', member.local_id)}\n"
        f" {_person(member.person)}\n {part}\n</InstitutionPerson>\n"
    )


def _student(student: Student) -> str:
    contacts = "".join([f"\n  {_contact(contact)}" for contact in student.contacts])
    return (
        f"<Student>{_leaf('Role', student.role)}{_leaf('Level', student.level)}"
        f"{_leaf('MainGroupId', student.main_group)}{_leaves('GroupId', student.groups)}{contacts}</Student>"
    )


def _contact(contact: Contact) -> str:
    access = "" if contact.access_level is None else f' accessLevel="{contact.access_level}"'
    custody = "true" if contact.custody else "false"
    return (
        f'<ContactPerson relation="{contact.relation}" childCustody="{custody}"{access}>'
        f"{_person(contact.person)}</ContactPerson>"
    )


def _person(person: Person) -> str:
    protected = "true" if person.protected else "false"
    # A protected person's facts cannot be verified in CPR, so the level is 0 by the format's own rule.
    head = f'<Person protected="{protected}" verificationLevel="{0 if person.protected else 1}">'
    return (
        f"{head}{_leaf('FirstName', person.first_name)}{_leaf('FamilyName', person.family_name)}"
        f"{_leaf('CivilRegistrationNumber', person.cpr)}{_leaf('EmailAddress', person.email)}"
        f"{_leaf('BirthDate', person.born.isoformat())}{_leaf('Gender', person.gender)}{_address(person)}"
        f"{_mobile(person)}{_alias(person.alias)}</Person>"
    )


def _alias(alias: Alias | None) -> str:
    if alias is None:
        return ""
    return f"{_leaf('AliasFirstName', alias.first_name)}{_leaf('AliasFamilyName', alias.family_name)}"


def _address(person: Person) -> str:
    home = person.address
    if home is None:
        return ""
    return (
        f"<Address>{_leaf('StreetAddress', home.street)}{_leaf('PostalCode', home.postal_code)}"
        f"{_leaf('PostalDistrict', home.town)}<CountryCode>DK</CountryCode>"
        f"{_leaf('MunicipalityCode', home.municipality)}</Address>"
    )


def _mobile(person: Person) -> str:
    if person.mobile is None:
        return ""
    protected = "true" if person.protected else "false"
    return f'<MobilePhoneNumber protected="{protected}">{person.mobile}</MobilePhoneNumber>'
