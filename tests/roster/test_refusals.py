"""Deliveries refused whole: nothing changes, the sender is told, and the refusal is on record."""

import asyncio
import io
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from uuid import UUID

import pytest

from tests.builders.running import run
from tests.roster.documents import PUPIL, contact, document, member, person, rows, student
from tests.roster.registry import SOURCE, Registry
from unilogin.kit.db.connection import Connection, connect
from unilogin.kit.text import LANGUAGES, load_texts
from unilogin.roster.actions import import_file
from unilogin.roster.errors import DeliveryRefusedError
from unilogin.roster.messages import why_refused
from unilogin.roster.model import Counts, DeliveryId, DeliveryKind, DeliveryStatus, Header, Receipt
from unilogin.roster.queries import receipt as stored
from unilogin.roster.receipts import receipt_json
from unilogin.roster.rules import check_time

ADDRESS = "<Address><StreetAddress>Skolevej 1</StreetAddress><PostalCode>9990</PostalCode></Address>"


def many(count: int) -> list[str]:
    return [
        member(f"e-{n}", person(f"62051{n:05}", first=f"Barn{n}", more=ADDRESS), student())
        for n in range(60000, 60000 + count)
    ]


@pytest.mark.parametrize(
    ("refusal", "sent"),
    [
        ("file_empty", b""),
        ("file_not_utf8", document().encode("latin-1")),
        ("file_doctype", document().replace("<UNI", '<!DOCTYPE x [<!ENTITY a "b">]><UNI', 1)),
        ("file_malformed", document(time="2025-08-11T00:00:00Z").replace("</Person>", "", 1)),
        ("file_cut_off", document(time="2025-08-11T00:00:00Z")[:-20]),
        ("file_too_large", document(member("e-1", person(first="x" * 300_000), student()))),
        ("file_archive_damaged", b"\x1f\x8bnot gzip"),
        ("root_unknown", "<html></html>"),
        ("structure", document().replace("<Group>", "<Klasse></Klasse><Group>", 1)),
        ("no_persons", document("")),
        ("institution_unknown", document(number="123456")),
        ("time_in_future", document(time="2199-01-01T00:00:00Z")),
        ("time_not_later", document(time="2025-08-10T00:59:59Z")),
        ("time_not_later", document(member("e-2", person("6305142236"), student()))),
    ],
)
def test_a_bad_file_is_refused_and_changes_nothing(registry: Registry, refusal: str, sent: str | bytes) -> None:
    registry.send(document())
    before = registry.people()
    receipt = registry.send(sent)
    assert (receipt.status, receipt.refusal) == (DeliveryStatus.REFUSED, refusal)
    assert receipt.counts == Counts()
    assert registry.people() == before
    assert registry.row("select outcome from audit_event where action = 'delivery.refused'") == (refusal,)
    assert registry.row("select refusal from roster_delivery where delivery_id = $1", receipt.delivery_id) == (refusal,)
    texts = load_texts()
    for language in LANGUAGES:
        assert "{" not in why_refused(texts, language, receipt)


def test_a_refusal_says_times_as_people_write_them_and_by_danish_clocks() -> None:
    header = Header("999001", "Prøvesystem", datetime(2026, 7, 4, 1, 0, tzinfo=UTC), "2026-2027")
    with pytest.raises(DeliveryRefusedError) as caught:
        check_time(header, last=datetime(2026, 11, 1, 2, 0, 5, tzinfo=UTC), now=datetime(2026, 11, 2, tzinfo=UTC))
    told = replace(REFUSED, refusal=caught.value.reason, refusal_fields=caught.value.fields)
    texts = load_texts()
    danish, english = why_refused(texts, "da", told), why_refused(texts, "en", told)
    assert "fra 4. juli 2026 kl. 03.00, men" in danish
    assert "fra 1. november 2026 kl. 03.00.05, og" in danish
    assert "4 July 2026 at 03:00" in english
    assert "1 November 2026 at 03:00:05" in english


IN = "/UNILoginImport/Institution"
REFUSED = Receipt(
    delivery_id=DeliveryId(UUID(int=1)),
    institution_number="",
    source="",
    source_time=None,
    school_year="",
    status=DeliveryStatus.REFUSED,
    received_at=datetime.now(UTC),
    kind=DeliveryKind.FULL,
)
HEAD_ROWS = [
    (document().replace("<Group>", "<Klasse/><Group>", 1), (4, "Klasse", f"{IN}/Klasse")),
    (document().replace("</Institution>", "<Group/></Institution>"), (14, "Group", f"{IN}/Group[3]")),
    (document().replace("</Institution>", "</Institution>\n<Institution/>"), (15, "Institution", f"{IN}[2]")),
    (document().replace("<InstitutionNumber>999001</InstitutionNumber>", ""), (3, "Institution", IN)),
    (document(PUPIL.replace("<Inst", "<x/><Inst", 1), groups=""), (4, "x", f"{IN}/x")),
    ("<Elever>\n<Elev/></Elever>", (1, "Elever", "/Elever")),
    (document(namespace="https://unilogin.dk/data/99"), (2, "UNILoginImport", "/UNILoginImport")),
    (document(source=" "), (2, "UNILoginImport", "/UNILoginImport")),
    (document(time="i går"), (2, "UNILoginImport", "/UNILoginImport")),
    (document(number="99900112"), (3, "InstitutionNumber", f"{IN}/InstitutionNumber")),
    (document(""), (3, "Institution", IN)),
]


@pytest.mark.parametrize(("sent", "place"), HEAD_ROWS, ids=[f"{place[0]} {place[2]}" for _, place in HEAD_ROWS])
def test_b_r06_what_is_wrong_above_the_persons_is_told_by_line_element_and_xpath(
    sent: str, place: tuple[int, str, str]
) -> None:
    with pytest.raises(DeliveryRefusedError) as caught:
        rows(sent)
    refusal = caught.value
    assert tuple(refusal.fields[name] for name in ("line", "element", "xpath")) == place
    told = why_refused(load_texts(), "da", replace(REFUSED, refusal=refusal.reason, refusal_fields=refusal.fields))
    assert told.endswith(f"linje {place[0]}, elementet {place[1]}, XPath {place[2]}.")


def test_b_r06_the_receipt_says_where(registry: Registry) -> None:
    receipt = registry.send(document().replace("<Group>", "<Klasse/><Group>", 1), sent_for="999001")
    told = receipt_json(receipt, load_texts())
    where = {"line": 4, "element": "Klasse", "xpath": f"{IN}/Klasse"}
    assert told["refusal_fields"] == where
    kept = registry.do(lambda connection: stored(connection, receipt.delivery_id))
    assert kept
    assert kept.refusal_fields == where
    assert "XPath /UNILoginImport/Institution/Klasse." in str(told["why"])


def test_a_closed_institution_takes_no_deliveries(registry: Registry) -> None:
    registry.execute("update directory_institution set active = false")
    assert registry.send(document()).refusal == "institution_closed"


WHOLE = document(*many(30), time="2025-08-12T00:00:00Z").encode()
CUTS = 300


@pytest.mark.parametrize("kind", DeliveryKind)
def test_f_27_b_r07_a_file_cut_at_a_hundred_places_changes_nothing(registry: Registry, kind: DeliveryKind) -> None:
    """Three hundred in all: of a full file, of changes and of a deletion, each on top of what is there."""
    registry.send(document(*many(5), time="2025-08-11T00:00:00Z"))
    before, draw = registry.people(), Random(f"cut {kind}")

    async def cut_and_sent(connection: Connection) -> None:
        for cut in [0, len(WHOLE.rstrip()) - 1, *(draw.randrange(len(WHOLE.rstrip())) for _ in range(CUTS // 3 - 2))]:
            receipt = await import_file(
                connection, io.BytesIO(WHOLE[:cut]), secrets=registry.secrets, actor=SOURCE, kind=kind
            )
            assert receipt.status is DeliveryStatus.REFUSED, f"cut at {cut}"

    registry.do(cut_and_sent)
    assert registry.people() == before
    assert registry.row("select count(*) from directory_journal where delivery_id in (select delivery_id from"
                        " roster_delivery where status = 'refused')") == (0,)  # fmt: skip


def test_a_file_that_breaks_after_thousands_of_persons_changes_nothing(registry: Registry) -> None:
    text = document(*many(1500))
    receipt = registry.send(text.replace("<FirstName>Barn61400</FirstName>", "<FirstName>Barn61400"))
    assert receipt.refusal == "file_malformed"
    assert registry.row("select count(*) from directory_person") == (0,)
    assert registry.send(text).counts == Counts(created=1500)


KILLED = """
import asyncio, os, signal, sys
from unilogin.domain.audit.model import Actor
from unilogin.kit.db.connection import Connection, connect
from unilogin.kit.secrets import load_secrets
from unilogin.roster.actions import import_file
from pathlib import Path

async def load():
    connection = await connect(sys.argv[1], role="unilogin_run")
    with open(sys.argv[3], "rb") as file:
        await import_file(connection, file, secrets=load_secrets(Path(sys.argv[2])), actor=Actor("system", "test"),
                          progress=lambda place: os.kill(os.getpid(), signal.SIGKILL) if place > 600_000 else None)

asyncio.run(load())
"""


def test_a_load_killed_in_the_middle_changes_nothing(registry: Registry, secrets_file: Path, tmp_path: Path) -> None:
    registry.deliver(PUPIL)
    before = registry.contents()
    file = tmp_path / "roster.xml"
    file.write_text(document(*many(2000), time="2025-08-11T00:00:00Z"))
    killed = subprocess.run([sys.executable, "-c", KILLED, registry.dsn, secrets_file, file], timeout=120)
    assert killed.returncode == -signal.SIGKILL
    assert registry.contents() == before
    assert registry.send(file.read_bytes()).counts == Counts(created=2000, left=1)


def test_two_deliveries_of_one_school_at_once_come_one_after_the_other(registry: Registry) -> None:
    texts = [document(*many(300), time=f"2025-08-10T0{hour}:00:00Z") for hour in (1, 2)]
    receipts = run(deliver_at_once(registry, texts))
    late = [receipt.status for receipt in receipts if receipt.source_time and receipt.source_time.hour == 2]
    assert late == [DeliveryStatus.APPLIED]
    assert registry.row("select count(*) from directory_person") == (300,)


def test_schools_that_share_everybody_load_at_once_without_locking_each_other_out(registry: Registry) -> None:
    mothers = [contact(person(f"61058{n:05}", first=f"Mor{n}")) for n in range(60000, 60150)]
    children = [member(f"e-{n}", person(f"62051{n:05}"), student(more=mothers[n % 150])) for n in range(60000, 60300)]
    texts = [document(*children, number="999001"), document(*reversed(children), number="999002")]
    receipts = run(deliver_at_once(registry, texts))
    assert [receipt.counts for receipt in receipts] == [Counts(created=300)] * 2
    assert sum(receipt.new_accounts for receipt in receipts) == 450
    assert registry.row("select count(*) from directory_person") == (450,)


async def deliver_at_once(registry: Registry, texts: list[str]) -> list[Receipt]:
    async def deliver(text: str) -> Receipt:
        connection = await connect(registry.dsn, role="unilogin_run")
        try:
            return await import_file(connection, io.BytesIO(text.encode()), secrets=registry.secrets, actor=SOURCE)
        finally:
            await connection.close()

    return await asyncio.gather(*map(deliver, texts))


MEASURED = """
import asyncio, resource, sys
from pathlib import Path
from unilogin.domain.audit.model import Actor
from unilogin.kit.db.connection import Connection, connect
from unilogin.kit.secrets import load_secrets
from unilogin.roster.actions import import_file

async def load(path):
    connection = await connect(sys.argv[1], role="unilogin_run")
    with open(path, "rb") as file:
        secrets = load_secrets(Path(sys.argv[2]))
        receipt = await import_file(connection, file, secrets=secrets, actor=Actor("system", "test"))
    await connection.close()
    assert receipt.status == "applied", receipt.refusal
    return receipt.counts.created, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

for path in sys.argv[3:]:
    print(*asyncio.run(load(path)))
"""


def test_b_r33_memory_stays_flat_over_twenty_thousand_persons(
    registry: Registry, secrets_file: Path, tmp_path: Path
) -> None:
    paths = []
    for number, count in (("999001", 1000), ("999002", 20_000)):
        paths.append(tmp_path / f"{number}.xml")
        paths[-1].write_text(document(*many(count), number=number, time="2025-08-11T00:00:00Z"))
    command: list[str | Path] = [sys.executable, "-c", MEASURED, registry.dsn, secrets_file, *paths]
    measured = subprocess.run(command, capture_output=True, text=True, timeout=110, env={**os.environ})
    assert measured.returncode == 0, measured.stderr
    (few, small), (lots, large) = (map(int, line.split()) for line in measured.stdout.splitlines())
    assert (few, lots) == (1000, 20_000)
    assert large - small < 12 * 1024  # kilobytes; the file has 11 000 of them
