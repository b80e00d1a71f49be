"""A sender asks later what became of a delivery, and hears of its own alone."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from tests.builders.running import run, within
from tests.protocols.bpi.conftest import OPERATOR, OURS
from tests.protocols.bpi.signing import System
from tests.protocols.bpi.test_upload import upload
from tests.roster.documents import document, member, person, student
from tests.server import RunningServer
from unilogin.domain.audit.model import Actor
from unilogin.domain.directory.actions import InstitutionDraft, save_institutions
from unilogin.domain.directory.model import InstitutionKind
from unilogin.kit.db.connection import Connection, connect
from unilogin.kit.secrets import Secrets
from unilogin.roster.deciding import Decision, decide
from unilogin.roster.formats.unilogin_import import NAMESPACES
from unilogin.roster.model import DeliveryId, DeliveryState, Receipt
from unilogin.roster.senders import actions
from unilogin.roster.senders.delivering import deliver
from unilogin.roster.senders.queries import sender_of_system
from unilogin.roster.undoing import undo

HERE, SYSTEM = "WS0010", "ABspoerg4"


@dataclass(frozen=True)
class School:
    """A school whose system parks whatever takes somebody away, a token of that system, and one of another system."""

    dsn: str
    secrets: Secrets
    token: str
    stranger: str

    def send(self, hour: int, *pupils: int, source: str = "spørger") -> Receipt:
        """Deliver as the doors do, in this process."""
        return run(self._send(roster(hour, *pupils, source=source)))

    async def _send(self, text: str) -> Receipt:
        connection = await connect(self.dsn, role="unilogin_run")
        try:
            sender = await sender_of_system(connection, SYSTEM)
            assert sender
            file = io.BytesIO(text.encode())
            return await deliver(connection, file, sender=sender, secrets=self.secrets, namespaces=NAMESPACES)
        finally:
            await connection.close()

    def decide(self, delivery_id: DeliveryId, decision: Decision) -> None:
        """Two people say the same."""

        async def both() -> None:
            connection = await connect(self.dsn, role="unilogin_run")
            for who in ("anne", "bo"):
                actor = Actor("operator", who)
                assert await decide(connection, delivery_id, decision, actor=actor, secrets=self.secrets)
            await connection.close()

        run(both())

    def undo(self, delivery_id: DeliveryId) -> None:
        within(self.dsn, lambda tx: undo(tx, delivery_id, actor=OPERATOR))


def roster(hour: int, *pupils: int, source: str, number: str = HERE) -> str:
    members = [member(f"e-{n}", person(f"71030527{n:02}"), student()) for n in pupils]
    return document(*members, number=number, source=source, time=f"2025-08-10T{hour:02}:00:00Z")


@pytest.fixture(scope="module")
def school(shared_database: str, secrets: Secrets, senders: str) -> School:
    async def work(tx: Connection) -> list[str]:
        draft = InstitutionDraft(HERE, f"Skole {HERE}", InstitutionKind.FOLKESKOLE, None, "899", True)
        await save_institutions(tx, [draft], actor=OPERATOR)
        await tx.execute(
            "insert into roster_limit (institution_id, removed_percent, removed_persons)"
            " select institution_id, 0, 0 from directory_institution where number = $1",
            HERE,
        )
        tokens = []
        for system_id in (SYSTEM, "ABnabo7"):
            await actions.add_sender(tx, system_id, name=system_id, actor=OPERATOR)
            await actions.agree(tx, system_id, number=HERE, actor=OPERATOR)
            given = await actions.give_token(tx, system_id, lasts=timedelta(days=1), numbers=(), actor=OPERATOR)
            tokens.append(given[1])
        return tokens

    return School(shared_database, secrets, *within(shared_database, work))


def ask(server: RunningServer, token: str, path: str = HERE) -> httpx.Response:
    return httpx.get(f"{server.base_url}/bpi/upload/{path}", headers={"Authorization": f"Bearer {token}"}, timeout=60)


def test_the_answer_to_an_upload_names_where_to_ask(server: RunningServer, school: School) -> None:
    answer = upload(server, school.token, roster(1, 1, source="adresse").encode(), number=HERE)
    (warning,) = answer.json()["warnings"]
    assert (warning["code"], warning["words"]["da"][:19]) == ("token_ends", "Jeres token udløber"), "it lasts a day"
    address = answer.headers["location"]
    assert address == f"{server.base_url}/bpi/upload/{HERE}/{answer.json()['delivery_id']}" == answer.json()["address"]
    told = httpx.get(address, headers={"Authorization": f"Bearer {school.token}"})
    assert (told.status_code, told.json()["state"], told.json()["address"]) == (200, "loaded", address)
    assert told.json()["counts"]["created"] == 1
    assert told.json()["summary"] == answer.json()["summary"]
    broken = upload(server, school.token, b"<x", number=HERE)
    assert broken.status_code == 422
    told = httpx.get(broken.headers["location"], headers={"Authorization": f"Bearer {school.token}"})
    assert (told.json()["state"], told.json()["summary"]) == ("refused", broken.json()["summary"])


def test_every_state_is_told_and_stands_in_the_list(server: RunningServer, school: School) -> None:
    first = school.send(1, 1, 2, 3)
    older, old, parked = (school.send(hour, *who) for hour, who in ((2, (1, 2)), (3, (1,)), (4, (1,))))
    assert ask(server, school.token, f"{HERE}/{parked.delivery_id}").json()["state"] == "parked"
    school.decide(parked.delivery_id, Decision.REJECT)
    states = {
        str(one.delivery_id): ask(server, school.token, f"{HERE}/{one.delivery_id}").json()["state"]
        for one in (first, older, old, parked)
    }
    assert list(states.values()) == ["loaded", "overtaken", "overtaken", "rejected"]
    last = school.send(5, 1, 2)
    school.decide(last.delivery_id, Decision.RELEASE)
    told = ask(server, school.token, f"{HERE}/{last.delivery_id}").json()
    assert (told["state"], told["counts"]["left"], told["settled_at"] is not None) == ("released", 1, True)
    assert told["summary"]["da"].startswith("Læst ind, efter at to personer har sagt god for den.")
    school.undo(last.delivery_id)
    listed = ask(server, school.token).json()["deliveries"]
    own = [one for one in listed if one["source"] == "spørger"]
    assert [one["state"] for one in own] == ["undone", "rejected", "overtaken", "overtaken", "loaded"]
    assert own[0]["address"] == f"{server.base_url}/bpi/upload/{HERE}/{last.delivery_id}"
    assert "findings" not in own[0]


def test_every_state_has_a_sentence_for_senders() -> None:
    from unilogin.kit.text import load_texts
    from unilogin.protocols.bpi.messages import fate_of
    from unilogin.protocols.bpi.model import Told

    told = [Told("", state, repeated=False, counts={}, finding_count=0) for state in DeliveryState]
    assert {f"bpi.result.{fate_of(one)}" for one in told} <= load_texts().codes("da")


NOT_THERE: list[tuple[str, Callable[[School, str], tuple[str, str]]]] = [
    ("another system's token", lambda school, own: (school.stranger, f"{HERE}/{own}")),
    ("another institution's address", lambda school, own: (school.token, f"{OURS}/{own}")),
    ("an institution nobody knows", lambda school, own: (school.token, f"NOBODY/{own}")),
    ("a delivery nobody knows", lambda school, own: (school.token, f"{HERE}/{uuid4()}")),
    ("no id at all", lambda school, own: (school.token, f"{HERE}/x")),
    ("the list of another institution", lambda school, own: (school.token, OURS)),
    ("the list of no institution", lambda school, own: (school.token, "NOBODY")),
]


def test_b_r01_what_is_not_ones_own_is_not_there(server: RunningServer, school: School) -> None:
    own = str(school.send(1, 1, source="egen").delivery_id)
    assert ask(server, school.token, f"{HERE}/{own}").status_code == 200
    answers = [ask(server, *way(school, own)) for _, way in NOT_THERE]
    assert {(one.status_code, one.content) for one in answers} == {(404, answers[0].content)}
    assert [one["source"] for one in ask(server, school.stranger).json()["deliveries"]] == []
    assert ask(server, "wrong", f"{HERE}/{own}").status_code == 401
    within(school.dsn, lambda tx: actions.end_agreement(tx, "ABnabo7", number=HERE, actor=OPERATOR))
    assert ask(server, school.stranger).status_code == 404


def test_by_soap_the_same_document_again_is_answered_with_what_became_of_it(system: System, school: School) -> None:
    within(school.dsn, lambda tx: actions.agree(tx, "ABprove1", number=HERE, actor=OPERATOR))

    def again(hour: int, *pupils: int) -> tuple[str, str, str]:
        answer = system.deliver(roster(hour, *pupils, source="gentager"))
        told = httpx.Response(200, text=answer.text("//tns:kvittering")).json()
        return answer.text("//tns:reskode"), told["state"], told["delivery_id"]

    assert school.send(1, 4, 5, source="gentager").state is DeliveryState.LOADED
    parked = school.send(2, 4, source="gentager").delivery_id
    assert again(2, 4) == ("PARKERET", "parked", str(parked))
    school.decide(parked, Decision.REJECT)
    assert again(2, 4) == ("AFVIST", "rejected", str(parked))
    released = school.send(3, 4, source="gentager").delivery_id
    school.decide(released, Decision.RELEASE)
    assert again(3, 4) == ("GENTAGET", "released", str(released))
    within(school.dsn, lambda tx: actions.end_agreement(tx, "ABprove1", number=HERE, actor=OPERATOR))
