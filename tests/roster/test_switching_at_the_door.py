"""A pupil is signed in while the school changes its system, and notices nothing."""

import io
import json
from collections.abc import Iterator

import httpx
import pytest

from tests.builders.people import People, Somebody
from tests.builders.running import run
from tests.builders.services import Services
from tests.protocols.oidc.relying_party import RelyingParty
from tests.roster.documents import document, member, person, student
from tests.server import RunningServer
from unilogin.domain.audit.model import Actor
from unilogin.kit.db.connection import connect
from unilogin.kit.secrets import Secrets
from unilogin.roster.model import DeliveryStatus, Receipt
from unilogin.roster.switching.actions import decide_doubt, plan_switch, run_switch
from unilogin.roster.switching.queries import plan

TESTS = Actor("operator", "tests")


async def change_system(dsn: str, secrets: Secrets, pupil: Somebody) -> Receipt:
    """Another system knows the pupil by another local id and a CPR number: somebody says that it is the same one."""
    connection = await connect(dsn, role="unilogin_run")
    try:
        names = await connection.fetchrow(
            "select first_name, family_name from directory_person where person_id = $1", pupil.person_id
        )
        assert names is not None
        who = person(f"610114{pupil.username[4:]}", first=names[0], family=names[1])
        file = io.BytesIO(document(member("ny-1", who, student()), number=pupil.institution, source="Det Nye").encode())
        switch_id = await plan_switch(
            connection, file, number=pupil.institution, old_source="tests", secrets=secrets, actor=TESTS
        )
        assert not isinstance(switch_id, str), switch_id
        looked = await plan(connection, switch_id)
        assert looked is not None
        for doubt in looked.doubts:
            async with connection.transaction():
                assert await decide_doubt(
                    connection, switch_id, doubt.local_person_id, same_as=doubt.fits[0][0], actor=TESTS
                )
        receipt = await run_switch(connection, switch_id, file, secrets=secrets, actor=TESTS)
        assert isinstance(receipt, Receipt), receipt
        return receipt
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def party(server: RunningServer, services: Services) -> Iterator[RelyingParty]:
    with httpx.Client(timeout=60) as client:
        yield RelyingParty(server, services.add(), client)


def test_a_pupil_who_is_signed_in_notices_nothing(
    party: RelyingParty, people: People, shared_database: str, secrets: Secrets
) -> None:
    pupil = people.pupil()
    entered = party.sign_in(pupil)
    tokens = party.tokens(entered)
    before = party.claims(tokens["id_token"])
    receipt = run(change_system(shared_database, secrets, pupil))
    assert (receipt.status, receipt.new_accounts) == (DeliveryStatus.APPLIED, 0)
    told = party.userinfo(tokens["access_token"])
    assert told.status_code == 200, "the token that was given before still counts"
    after = party.claims(party.tokens(party.enter_again(entered.browser))["id_token"])
    same = ("sub", "sid", "auth_time", "uniid", "institution_ids", "aktoer_gruppe")
    assert {name: after.get(name) for name in same} == {name: before.get(name) for name in same}, json.dumps(after)
    assert party.claims(party.tokens(party.sign_in(pupil))["id_token"])["sub"] == before["sub"], "same name and secret"
