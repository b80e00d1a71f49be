"""OneRoster deliveries for tests, healthy unless a test makes them ill."""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import count

from unilogin.kit.xml.packed_folder import PackedFolder
from unilogin.roster.formats.oneroster_csv import OnerosterCsv
from unilogin.roster.formats.oneroster_words import REQUIRED
from unilogin.roster.model import ReadRow

KEY = b"k" * 32
TODAY = date(2025, 8, 20)
Row = Mapping[str, str]

_hours: "Iterator[int]" = count(1)

ORGS: tuple[Row, ...] = ({"sourcedId": "o1", "name": "Skole", "type": "school", "identifier": "999001"},)
CLASSES: tuple[Row, ...] = (
    {"sourcedId": "c-3a", "title": "3.A", "grades": "03", "classType": "homeroom", "schoolSourcedId": "o1"},
    {"sourcedId": "c-kor", "title": "Kor", "classType": "scheduled", "schoolSourcedId": "o1"},
)


def user(sourced_id: str, given: str = "Åse", family: str = "Prøve", **more: str) -> Row:
    """A row of users.csv; dots in names of columns are written as double underscores."""
    named = {name.replace("__", "."): value for name, value in more.items()}
    return {"sourcedId": sourced_id, "enabledUser": "true", "givenName": given, "familyName": family, **named}


def role(user_id: str, name: str = "student", **more: str) -> Row:
    return {"sourcedId": f"r-{user_id}-{name}", "userSourcedId": user_id, "role": name, "orgSourcedId": "o1", **more}


def enrolled(user_id: str, *classes: str) -> list[Row]:
    return [
        {"sourcedId": f"n-{user_id}-{one}", "classSourcedId": one, "schoolSourcedId": "o1", "userSourcedId": user_id,
         "role": "student"} for one in classes
    ]  # fmt: skip


_FEWEST = ("sourcedId", "status", "dateLastModified")


def table(rows: Sequence[Row], fewest: Sequence[str] = ()) -> str:
    """A table with the columns that its rows have, and at least these."""
    columns = list(dict.fromkeys((*fewest, *(name for row in rows for name in row))))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def delivery(
    users: Sequence[Row] = (),
    roles: Sequence[Row] = (),
    enrollments: Sequence[Row] = (),
    *,
    state: str = "bulk",
    orgs: Sequence[Row] = ORGS,
    classes: Sequence[Row] = CLASSES,
    demographics: Sequence[Row] = (),
    manifest: Mapping[str, str] | None = None,
    files: Mapping[str, str | bytes] | None = None,
    folder: str = "",
) -> bytes:
    """A zip file, later than all before; ``files`` stand in the place of tables, or beside them."""
    tables = {"orgs": orgs, "users": users, "roles": roles, "enrollments": enrollments, "classes": classes}
    if demographics:
        tables["demographics"] = demographics
    hour = next(_hours)
    told = {
        "manifest.version": "1.0",
        "oneroster.version": "1.2",
        **{f"file.{name}": state for name in tables},
        "source.systemName": "Skolesystemet",
        "source.dateTime": f"2025-09-{1 + hour // 24:02}T{hour % 24:02}:00:00Z",
        **(manifest or {}),
    }
    changed = {"status": "active", "dateLastModified": told["source.dateTime"]} if state == "delta" else {}
    contents: dict[str, str | bytes] = {
        f"{name}.csv": table([{**changed, **row} for row in rows], (*_FEWEST, *REQUIRED[name]))
        for name, rows in tables.items()
    }
    contents["manifest.csv"] = table([{"propertyName": name, "value": value} for name, value in told.items()])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**contents, **(files or {})}.items():
            archive.writestr(folder + name, content)
    return packed.getvalue()


def opened(data: bytes, institution: str | None = None) -> OnerosterCsv:
    return OnerosterCsv(PackedFolder(io.BytesIO(data)), hash_key=KEY, today=TODAY, institution=institution)


def rows(data: bytes) -> list[ReadRow]:
    """Everybody in a delivery, as read."""
    return [row for chunk in opened(data).rows(100, is_known=lambda _: False) for row in chunk]


FAMILY = delivery(
    [
        user("e-1", "Åse", "Prøve", grades="03", agentSourcedIds="k-1,k-2", email="aase@elev.example"),
        user("e-2", "Øjvind", "Prøve", agentSourcedIds="k-1"),
        user("k-1", "Ida", "Prøve", sms="+45 00 11 22 33"),
        user("k-2", "Bo", "Prøve"),
        user("a-1", "Lis", "Lærer"),
    ],
    [role("e-1"), role("e-2"), role("k-1", "parent"), role("k-2", "guardian"), role("a-1", "teacher")],
    [*enrolled("e-1", "c-kor", "c-3a"), *enrolled("e-2", "c-3a"), *enrolled("a-1", "c-3a")],
    demographics=[
        {"sourcedId": "e-1", "birthDate": "2016-05-02", "sex": "female"},
        {"sourcedId": "k-1", "birthDate": "1985-05-02", "sex": "female"},
    ],
)

LEA_ORGS: tuple[Row, ...] = (
    {"sourcedId": "lea", "name": "Kommunen", "type": "district"},
    {"sourcedId": "o1", "name": "Skole", "type": "school", "identifier": "999001"},
    {"sourcedId": "o2", "name": "En anden", "type": "school", "identifier": "999002"},
)
LEA = delivery(
    [user("e-1", agentSourcedIds="k-1"), user("e-2"), user("a-1"), user("a-2"), user("k-1", "Ida"), user("d-1")],
    [
        role("e-1"), {**role("e-2"), "orgSourcedId": "o2"}, role("a-1", "teacher"),
        {**role("a-1", "principal"), "orgSourcedId": "o2"}, {**role("a-2", "teacher"), "orgSourcedId": "o2"},
        {**role("k-1", "parent"), "orgSourcedId": "lea"},
        {**role("d-1", "districtAdministrator"), "orgSourcedId": "lea"},
    ],
    [*enrolled("e-1", "c-3a"), {**enrolled("e-2", "c-other")[0], "schoolSourcedId": ""}],
    orgs=LEA_ORGS,
    classes=[*CLASSES, {**CLASSES[0], "sourcedId": "c-other", "schoolSourcedId": "o2"}],
)  # fmt: skip
