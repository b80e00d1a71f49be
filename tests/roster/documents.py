"""UNILoginImport documents for tests, healthy unless a test makes them ill."""

import io
from collections.abc import Iterable
from datetime import date

from unilogin.kit.xml.packed import unpack
from unilogin.roster.formats.unilogin_import import UniloginImport
from unilogin.roster.model import ReadRow

NAMESPACE = "https://unilogin.dk/data"
TIME = "2025-08-10T03:00:00+02:00"
TODAY = date(2025, 8, 10)
KEY = b"k" * 32

GROUPS = (
    "<Group><GroupId>2b</GroupId><GroupName>2.B</GroupName><GroupType>Hovedgruppe</GroupType>"
    "<GroupLevel>2</GroupLevel><Line>B</Line></Group>\n"
    "<Group><GroupId>kor</GroupId><GroupType>Hold</GroupType></Group>\n"
)


def person(
    cpr: str | None = "6205162233",
    *,
    first: str = "Åse",
    family: str = "Prøve",
    protected: str = "false",
    more: str = "",
    alias: tuple[str, str] | None = None,
) -> str:
    """A Person element; ``more`` stands after the CPR number."""
    number = "" if cpr is None else f"<CivilRegistrationNumber>{cpr}</CivilRegistrationNumber>"
    called = (
        ""
        if alias is None
        else f"<AliasFirstName>{alias[0]}</AliasFirstName><AliasFamilyName>{alias[1]}</AliasFamilyName>"
    )
    return (
        f'<Person protected="{protected}" verificationLevel="0">\n<FirstName>{first}</FirstName>'
        f"<FamilyName>{family}</FamilyName>\n{number}\n{more}{called}</Person>"
    )


def member(local_id: str, who: str, what: str) -> str:
    """An InstitutionPerson."""
    return f"<InstitutionPerson>\n<LocalPersonId>{local_id}</LocalPersonId>\n{who}\n{what}\n</InstitutionPerson>\n"


def student(
    *, role: str = "Elev", level: str = "2", main: str = "2b", groups: Iterable[str] = (), more: str = ""
) -> str:
    """A Student element; ``more`` is contact persons."""
    further = "".join(f"<GroupId>{group}</GroupId>" for group in groups)
    return (
        f"<Student><Role>{role}</Role><Level>{level}</Level><MainGroupId>{main}</MainGroupId>{further}{more}</Student>"
    )


def employee(*roles: str, more: str = "") -> str:
    """An Employee element."""
    return f"<Employee>{''.join(f'<Role>{role}</Role>' for role in roles or ('Lærer',))}{more}</Employee>"


def contact(who: str, *, relation: str = "Mor", custody: str = "true", access: str | None = None) -> str:
    """A ContactPerson element."""
    level = "" if access is None else f' accessLevel="{access}"'
    return f'<ContactPerson relation="{relation}" childCustody="{custody}"{level}>{who}</ContactPerson>'


PUPIL = member("e-1", person(), student())


def document(
    *members: str,
    groups: str = GROUPS,
    number: str = "999001",
    time: str = TIME,
    source: str = "Prøvesystem",
    namespace: str = NAMESPACE,
) -> str:
    """A whole document."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<UNILoginImport xmlns="{namespace}" sourceDateTime="{time}" source="{source}" schoolYear="2026-2027">\n'
        f"<Institution><InstitutionNumber>{number}</InstitutionNumber><InstitutionName>Skolen</InstitutionName>\n"
        f"{groups}{''.join(members or (PUPIL,))}</Institution>\n</UNILoginImport>\n"
    )


def opened(text: str | bytes) -> UniloginImport:
    """The document with its head read."""
    data = text if isinstance(text, bytes) else text.encode()
    return UniloginImport(unpack(io.BytesIO(data)), hash_key=KEY, today=TODAY)


def rows(text: str | bytes) -> list[ReadRow]:
    """Every row of a document that is whole."""
    reading = opened(text)
    found = [row for chunk in reading.records(100) for row in reading.read(chunk)]
    reading.finish()
    return found


def codes(text: str | bytes) -> list[str]:
    """The codes of everything found in the rows, in order."""
    return [finding.code for row in rows(text) for finding in row.findings]
