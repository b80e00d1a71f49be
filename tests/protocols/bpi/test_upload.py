"""Uploads by HTTPS with a token: the same engine, the same receipt."""

import gzip
import socket
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest

from tests.builders.running import within
from tests.protocols.bpi.conftest import OPERATOR, OURS, THEIRS
from tests.protocols.bpi.signing import roster
from tests.roster.oneroster import delivery, role, user
from tests.server import RunningServer
from unilogin.domain.directory.actions import InstitutionDraft, save_institutions
from unilogin.domain.directory.model import InstitutionKind
from unilogin.kit.db.connection import Connection
from unilogin.roster.senders import actions
from unilogin.roster.senders.model import TokenId
from unilogin.roster.senders.rules import MOST_AN_HOUR


def upload(
    server: RunningServer, token: str, content: bytes, *, number: str = OURS, kind: str = "full", method: str = "PUT"
) -> httpx.Response:
    return httpx.request(
        method,
        f"{server.base_url}/bpi/upload/{number}?kind={kind}",
        content=content,
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    )


def test_a_file_is_loaded_once_however_it_is_packed(server: RunningServer, token: str) -> None:
    text = roster(OURS, "7103052236", source="upload").encode()
    first = upload(server, token, gzip.compress(text))
    assert first.status_code == 200, first.text
    receipt = first.json()
    assert (receipt["result"], receipt["counts"]["created"], receipt["repeated"]) == ("applied", 1, False)
    assert receipt["summary"]["da"].startswith("Læst ind. Nye: 1")
    again = upload(server, token, text, method="POST").json()
    assert (again["result"], again["delivery_id"]) == ("repeated", receipt["delivery_id"])


def test_a_file_that_is_refused_says_why(server: RunningServer, token: str) -> None:
    answer = upload(server, token, b"")
    assert (answer.status_code, answer.json()["result"]) == (422, "refused")
    assert answer.json()["summary"]["en"].startswith("The file is empty")


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer wrong", "Basic dXNlcjpwYXNz"])
def test_b_r01_without_a_token_that_works_nothing_is_read(
    server: RunningServer, senders: str, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = httpx.put(f"{server.base_url}/bpi/upload/{OURS}", content=b"x", headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (401, "token")
    assert answer.headers["www-authenticate"] == 'Bearer realm="unilogin"'


def test_b_r01_another_institution_is_refused_in_the_address_and_in_the_file(
    server: RunningServer, token: str, shared_database: str
) -> None:
    theirs = roster(THEIRS, "7103052237", source="upload elsewhere").encode()
    answers = [upload(server, token, theirs, number=number) for number in (THEIRS, "NOBODY", OURS)]
    assert [(one.status_code, one.json()["error"]) for one in answers] == [(403, "not_agreed")] * 3
    assert len({one.text.replace("NOBODY", THEIRS) for one in answers}) == 1, "unknown and not agreed look alike"
    count = "select count(*) from roster_delivery where source = 'upload elsewhere'"
    assert within(shared_database, lambda tx: tx.fetchval(count)) == 0


def test_of_a_file_with_several_schools_the_one_in_the_address_is_taken(server: RunningServer, token: str) -> None:
    numbers = {"o1": OURS, "o2": THEIRS}
    orgs = [{"sourcedId": one, "name": one, "type": "school", "identifier": number} for one, number in numbers.items()]
    pupils = [user("e-1"), user("e-2"), user("e-3")]
    roles = [role("e-1"), role("e-2"), {**role("e-3"), "orgSourcedId": "o2"}]
    both = delivery(pupils, roles, orgs=orgs, manifest={"source.systemName": "Kommunens system"})
    receipt = upload(server, token, both).json()
    assert (receipt["result"], receipt["institution_number"], receipt["counts"]["created"]) == ("applied", OURS, 2)
    assert upload(server, token, both, number=THEIRS).status_code == 403


def test_a_token_ends_when_it_is_revoked_expires_or_was_for_another_place(
    server: RunningServer, senders: str, shared_database: str
) -> None:
    async def give(tx: Connection) -> tuple[str, TokenId]:
        token_id, token, _ = await actions.give_token(
            tx, senders, lasts=timedelta(days=1), numbers=[OURS], actor=OPERATOR
        )
        return token, token_id

    token, token_id = within(shared_database, give)
    assert upload(server, token, b"").status_code == 422
    within(
        shared_database,
        lambda tx: tx.execute("update roster_token set institution_ids = '{}' where token_id = $1", token_id),
    )
    assert upload(server, token, b"").status_code == 403
    within(shared_database, lambda tx: actions.revoke_token(tx, senders, token_id=token_id, actor=OPERATOR))
    assert upload(server, token, b"").status_code == 401


def test_b_r03_a_file_that_is_too_large_is_refused_before_it_comes(server: RunningServer, token: str) -> None:
    parts = urlsplit(server.base_url)
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=10) as wire:
        wire.sendall(
            f"PUT /bpi/upload/{OURS} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Length: {201 * 1024 * 1024}\r\n\r\n".encode()
        )
        answer = wire.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"error":"upload_oversize"' in answer
    assert b"200 MB" in answer
    assert b"/bpi/upload" not in answer, "it came this very way"


def test_a_form_with_the_file_in_it_is_not_the_file(server: RunningServer, token: str) -> None:
    address = f"{server.base_url}/bpi/upload/{OURS}"
    answer = httpx.post(address, files={"file": b"<x/>"}, headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["error"]) == (415, "form")


def test_an_unknown_kind_is_refused(server: RunningServer, token: str) -> None:
    assert upload(server, token, b"", kind="partly").json()["error"] == "kind"


def test_a_school_has_so_many_deliveries_an_hour(server: RunningServer, shared_database: str) -> None:
    async def prepare(tx: Connection) -> str:
        draft = InstitutionDraft("WS0003", "Skole WS0003", InstitutionKind.FOLKESKOLE, None, "899", True)
        await save_institutions(tx, [draft], actor=OPERATOR)
        await actions.add_sender(tx, "ABtravl5", name="Travlt", actor=OPERATOR)
        await actions.agree(tx, "ABtravl5", number="WS0003", actor=OPERATOR)
        await tx.execute(
            "insert into roster_delivery (actor_kind, actor_id, institution_id, institution_number, source,"
            " school_year, status, refusal) select 'source', 'ABtravl5', institution_id, number, 'x', '', 'refused',"
            " 'no_persons' from directory_institution, generate_series(1, $1) where number = 'WS0003'",
            MOST_AN_HOUR,
        )
        _, token, _ = await actions.give_token(tx, "ABtravl5", lasts=timedelta(days=1), numbers=(), actor=OPERATOR)
        return token

    answer = upload(server, within(shared_database, prepare), b"", number="WS0003")
    assert (answer.status_code, answer.json()["error"]) == (429, "too_many_deliveries")
    assert answer.headers["retry-after"] == "60"


@pytest.mark.parametrize("number", ["99%00", "%00", "0" * 3000, "%C3%A6", "%ED%A0%80", "'; --"])
def test_a_number_that_no_institution_can_have_is_one_without_an_agreement(
    server: RunningServer, token: str, number: str
) -> None:
    answer = upload(server, token, b"x", number=number)
    assert (answer.status_code, answer.json()["error"]) == (403, "not_agreed")
