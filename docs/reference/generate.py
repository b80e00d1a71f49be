"""Writes the reference of settings, of commands and of the roster format from the program itself.

Run ``.venv/bin/python docs/reference/generate.py`` after a change of one; a test says when.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from typer.main import get_command

from unilogin.cli.app import assembled
from unilogin.kit.xml.packed import PackedLimits
from unilogin.kit.xml.records import RecordLimits
from unilogin.roster.formats.fields import Field, in_order
from unilogin.roster.formats.unilogin_facts import ADDRESS, GENDERS, OLDEST_YEARS, PERSON
from unilogin.roster.formats.unilogin_head import _GROUP as GROUP
from unilogin.roster.formats.unilogin_head import GROUP_TYPES, LONGEST_SOURCE
from unilogin.roster.formats.unilogin_import import NAMESPACES
from unilogin.roster.formats.unilogin_person import (
    ACTORS,
    CONTACT,
    EMPLOYEE_ROLES,
    EXTERN_ROLES,
    LEVELS,
    MOST_CONTACTS,
    RECORD,
    RELATIONS,
    STUDENT_ROLES,
    YOUNGEST_CONTACT_YEARS,
)
from unilogin.settings import PLAIN_DATABASE_URL, Settings, allowed, name_of

HERE = Path(__file__).parent
NOTE = "<!-- Written by docs/reference/generate.py. Change what it is made from, and run it again. -->\n"

SETTINGS_PAGE = f"""\
# Every setting
{NOTE}
From [`settings.py`](../../src/unilogin/settings.py). They are read from the environment when a process starts. A
setting that is unknown, misspelt, empty or dangerous refuses to start and says what to do; `unilogin check` says
whether all is in order. `{PLAIN_DATABASE_URL}` means the same as `{name_of("database_url")}`.

| Setting | Value | Without it | What it is |
|---|---|---|---|
{{settings}}
"""


def write_settings() -> str:
    """Every setting with its values, its default and what it is for."""
    rows = (
        f"| `{name_of(name)}` | {cell(allowed(field))} | {default(field.default)} | {cell(field.description or '')} |"
        for name, field in Settings.model_fields.items()
    )
    return SETTINGS_PAGE.format(settings="\n".join(rows))


def default(value: object) -> str:
    """A default as one would write it into the environment."""
    if value in (None, ""):
        return "–"
    return f"`{('yes' if value else 'no') if isinstance(value, bool) else value}`"


COMMANDS_PAGE = f"""\
# Every command
{NOTE}
What `unilogin … --help` says, of all commands. Exit codes: 0 done; 1 the work was refused or failed; 2 wrong usage,
settings or surroundings, and nothing was tried. Errors go to standard error, one sentence each; with `--json` the
answer on standard output is for a script. Without `DATABASE_URL` a command works on the database in the data folder: it
joins the one a server runs there, or starts it for the moment. The audit log names the operating system's user.

{{commands}}
"""


def write_commands() -> str:
    """Every command with its arguments and options."""
    return COMMANDS_PAGE.format(commands="\n".join(described("unilogin", get_command(assembled())))).rstrip() + "\n"


def described(name: str, command: Any) -> Iterator[str]:
    """A command, or the commands of a group below their group."""
    inner = getattr(command, "commands", {})
    if inner:
        if name != "unilogin":
            yield from (f"## {name}", "", cell(command.help or ""), "")
        for word, one in inner.items():
            yield from described(f"{name} {word}", one)
        return
    context = command.context_class(command, info_name=name)
    records = [parameter.get_help_record(context) for parameter in command.get_params(context)]
    yield from (f"{'##' if name.count(' ') == 1 else '###'} {name}", "", cell(command.help or ""), "")
    rows = [f"| `{left}` | {right} |" for left, right in map(told, records) if "--help" not in left]
    yield from ("| | |", "|---|---|", *rows, "") if rows else ()


def told(record: tuple[str, str]) -> tuple[str, str]:
    """An argument or option and what it is, as cells of a table."""
    name, _, kind = record[0].partition(" ")
    kind = re.sub(r"<(?:list\[)?([^<>\]]*)\]?>", r"\1", kind)
    kind = "" if name.isupper() and kind == "str" else KINDS.get(kind, kind)
    return f"{name} {kind}".strip().replace("|", "\\|"), cell(record[1]).replace("  [", " [")


KINDS = {"str": "TEXT", "int": "N", "int range": "N", "path": "PATH", "Path": "PATH"}


def cell(text: str) -> str:
    """A text on one line of a table; paragraphs become one."""
    return " ".join(text.split()).replace("|", "\\|")


FOLLOWS = """\
- In a **full** file everybody stands whom the source knows at the institution. Who is missing has left.
- In a **delta** a person stands with all that belongs to them, not with what changed alone. Groups that were told
  before need not be told again.
- In a **deletion** only `LocalPersonId` is read; `Person` and the rest may stand there or not.
- A group that a person names and no `Group` declares is made with its id as its name. A class (`MainGroupId`) must be
  declared.
- Somebody who is pupil and employee stands there twice, with two `LocalPersonId`. The CPR number makes them one person.
- The same contact person of several pupils stands below each of them. The CPR number makes them one.
"""


FORMAT_PAGE = f"""\
# UNILoginImport, element by element
{NOTE}
What a document may hold, from the tables that read it. How to send one:
[connect-your-administrative-system.md](../how-to/connect-your-administrative-system.md).

```
UNILoginImport  source  sourceDateTime  schoolYear
└─ Institution                     one
   ├─ InstitutionNumber            one
   ├─ InstitutionName              at most one; not kept
   ├─ Group                        any number; none in a deletion
   └─ InstitutionPerson            one or more
      ├─ LocalPersonId             one
      ├─ Person                    one
      └─ Student | Employee | Extern   exactly one
```

- **Encoding** is UTF-8, without a DOCTYPE. A byte order mark does no harm.
- **Order** is that of the tables. Another one is read all the same, with a finding.
- **Length** counts bytes of UTF-8: æ, ø and å are two. Too long is a finding: the value is left out where the table
  says so, else the person is left as before.
- **Empty** (`<EmailAddress/>`) is as good as not there. Line breaks and spaces around a value do not count.
- **Namespace**: any of [those below](#namespaces), or none. `UNILOGIN_ROSTER_NAMESPACES` adds others.
- **What we do not know** is not read, with a finding. Attributes of XML Schema (`xsi:`) are passed over.
- **Limits**: {PackedLimits().packed >> 20} MB as it comes, {PackedLimits().unpacked >> 20} MB unpacked;
  {RecordLimits().head >> 20} MB above the persons; {RecordLimits().record >> 10} KB a person with the contact persons.

{{tables}}

## What follows from what

{FOLLOWS}
## Namespaces

{{namespaces}}
"""


def write_format() -> str:
    """Every element and attribute of a UNILoginImport document."""
    tables = "\n\n".join(f"## {title}\n\n{table}" for title, table in format_tables())
    namespaces = "\n".join(f"- `{one}`" if one else "- none" for one in NAMESPACES)
    return FORMAT_PAGE.format(tables=tables, namespaces=namespaces)


def format_tables() -> Iterator[tuple[str, str]]:
    """The tables of the page: attributes as they are told here, elements as they are read."""
    yield "UNILoginImport", attributes("UNILoginImport")
    yield "Group", elements("Group", GROUP)
    yield "InstitutionPerson", elements("InstitutionPerson", RECORD)
    yield "Person", f"{attributes('Person')}\n\n{elements('Person', PERSON)}"
    yield "Address", elements("Address", ADDRESS)
    yield "HomePhoneNumber, WorkPhoneNumber, MobilePhoneNumber", attributes("Phone")
    yield from ((name, elements(name, table)) for name, table in ACTORS.items())
    yield "ContactPerson", f"{attributes('ContactPerson')}\n\n{elements('ContactPerson', CONTACT)}"


def elements(parent: str, table: Mapping[str, Field]) -> str:
    """The children of an element, in their order."""
    rows = (
        f"| `{name}` | {ELEMENTS[parent, name][0]} | {length(name, field)} | {cell(ELEMENTS[parent, name][1])} |"
        for name, field in table.items()
    )
    return "\n".join(("| Element | How often | Longest | What it is |", "|---|---|---|---|", *rows))


def length(name: str, field: Field) -> str:
    """How long a value may be, and what happens to a longer one."""
    if field.nested or name in CLOSED:
        return "–"
    return f"{field.longest}, else left out" if field.soft else str(field.longest)


def attributes(element: str) -> str:
    """The attributes of an element."""
    rows = (f"| `{name}` | {needed} | {cell(what)} |" for name, (needed, what) in ATTRIBUTES[element].items())
    return "\n".join(("| Attribute | Needed | What it is |", "|---|---|---|", *rows))


def words(allowed: Iterable[str]) -> str:
    """A closed list."""
    return ", ".join(f"`{word}`" for word in in_order(allowed).split(", "))


CLOSED = {"CivilRegistrationNumber", "LocalPersonId", "Gender", "Role", "Level", "GroupType", "GroupLevel"} | {
    name for name in (*GROUP, *PERSON) if name.endswith("Date")
}
"""Values whose form says how long they are."""

ONE, SOME, ANY = "one", "0 or 1", "any number"
GROUP_ID = "Another group of the person"
ATTRIBUTES: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "UNILoginImport": {
        "source": ("yes", f"What your system calls itself, at most {LONGEST_SOURCE} characters; always the same"),
        "sourceDateTime": (
            "yes",
            "When you read your data, later than in the last file: `2026-08-10T03:00:00+02:00`. No zone is Danish time",
        ),
        "schoolYear": ("yes", "`2026-2027`"),
        "sourceVersion": ("no", "Not read"),
    },
    "Person": {
        "protected": (
            "yes",
            "Name and address protection: `true`, then both aliases are needed, or `false`. An odd word hides, too",
        ),
        "verificationLevel": ("no", "`1`: looked up in the CPR register; `0`: not"),
    },
    "Phone": {
        "protected": ("yes", "`false`: others may see it. Anything else, and we keep it to ourselves"),
    },
    "ContactPerson": {
        "relation": ("yes", words(RELATIONS)),
        "childCustody": (
            "yes", "`true`: holds custody (forældremyndighed), and can help the child with a new password",
        ),
        "accessLevel": ("no", "`1`: may see confidential data; `0`: may not. Without it: 1 with custody, else 0"),
        "cvr": ("no", "Not kept"),
        "pnr": ("no", "Not kept"),
    },
}  # fmt: skip
ELEMENTS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("Group", "GroupId"): (ONE, "What you call the group; the same from file to file"),
    ("Group", "GroupName"): (SOME, "What people call it, such as 2.A; else its id"),
    ("Group", "GroupType"): (ONE, f"A class is a `Hovedgruppe`. {words(GROUP_TYPES)}"),
    ("Group", "GroupLevel"): (SOME, f"Of a class, and of nothing else: {words(LEVELS)}"),
    ("Group", "Line"): (SOME, "Track (spor), such as A"),
    ("Group", "FromDate"): (SOME, "`2026-08-10`"),
    ("Group", "ToDate"): (SOME, "Not before `FromDate`"),
    ("InstitutionPerson", "LocalPersonId"): (
        ONE, "At most 18 bytes without white space. The person, for ever; never a CPR number, never given to another",
    ),
    ("InstitutionPerson", "Person"): (ONE, "See below"),
    ("InstitutionPerson", "Student"): ("one of three", "Somebody who learns here: a child, a pupil, a student"),
    ("InstitutionPerson", "Employee"): ("one of three", "Somebody who works here"),
    ("InstitutionPerson", "Extern"): ("one of three", "Somebody else who belongs here"),
    ("Person", "FirstName"): (ONE, "First and middle names"),
    ("Person", "FamilyName"): (ONE, "Family name"),
    ("Person", "CivilRegistrationNumber"): (
        ONE,
        "With or without a hyphen, not held to modulus 11; replacement numbers (day + 60, or three letters) are taken",
    ),
    ("Person", "EmailAddress"): (SOME, "One address; a wrong one is left out"),
    ("Person", "BirthDate"): (SOME, f"`2016-05-02`; not in the future, at most {OLDEST_YEARS} years back"),
    ("Person", "Gender"): (SOME, f"{words(GENDERS)}; another word is left out"),
    ("Person", "PhotoId"): (SOME, "Name of a photo's file"),
    ("Person", "Address"): (SOME, "See below"),
    ("Person", "HomePhoneNumber"): (SOME, "At least six digits; else left out"),
    ("Person", "WorkPhoneNumber"): (SOME, "The same"),
    ("Person", "MobilePhoneNumber"): (SOME, "The same"),
    ("Person", "AliasFirstName"): ("one if protected", "What others see in place of the name"),
    ("Person", "AliasFamilyName"): ("one if protected", "The same"),
    ("Address", "StreetAddress"): (SOME, "Street, number, floor"),
    ("Address", "PostalCode"): (SOME, "Postal code"),
    ("Address", "PostalDistrict"): (SOME, "Town"),
    ("Address", "CountryCode"): (SOME, "`DK`, `GL`, `FO` … (ISO 3166-1)"),
    ("Address", "Country"): (SOME, "In words"),
    ("Address", "MunicipalityCode"): (SOME, "Municipality's code"),
    ("Address", "MunicipalityName"): (SOME, "In words"),
    ("Student", "Role"): (ONE, words(STUDENT_ROLES)),
    ("Student", "StudentNumber"): (SOME, "What the school calls the pupil"),
    ("Student", "Level"): (ONE, words(LEVELS)),
    ("Student", "Location"): (SOME, "Department, building, room"),
    ("Student", "MainGroupId"): (ONE, "The class: a declared group of the type `Hovedgruppe`"),
    ("Student", "GroupId"): (ANY, GROUP_ID),
    ("Student", "ContactPerson"): (f"up to {MOST_CONTACTS}", f"See below; at least {YOUNGEST_CONTACT_YEARS} years old"),
    ("Employee", "Role"): ("one or more", f"Each once: {words(EMPLOYEE_ROLES)}. No file gives a right to administer"),
    ("Employee", "ShortName"): (SOME, "Initials"),
    ("Employee", "Occupation"): (SOME, "What they do, in words"),
    ("Employee", "Location"): (SOME, "Department, building, room"),
    ("Employee", "GroupId"): (ANY, f"{GROUP_ID}, or a class that they teach"),
    ("Extern", "Role"): (ONE, words(EXTERN_ROLES)),
    ("Extern", "GroupId"): (ANY, GROUP_ID),
    ("ContactPerson", "Person"): (ONE, "As above, with a CPR number of their own"),
}  # fmt: skip
"""How often each element stands there, and what it is. One that is read and not told here stops the page."""


PAGES: Mapping[str, Callable[[], str]] = {
    "settings.md": write_settings,
    "commands.md": write_commands,
    "uniloginimport.md": write_format,
}
"""Page → what writes it."""


def main() -> int:
    """Write the pages; say which changed."""
    for name, write in PAGES.items():
        path, text = HERE / name, write()
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            sys.stdout.write(f"docs/reference/{name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
