"""What an administrator takes away is gone at once, for codes and tokens that are out already (V-53, V-58)."""

from collections.abc import Callable

import pytest

from tests.builders.people import People, Somebody
from tests.builders.services import Services
from tests.protocols.oidc.database import Database
from tests.protocols.oidc.relying_party import RelyingParty
from unilogin.domain.directory.model import ActorGroup

Take = Callable[[Database, RelyingParty, Somebody], None]


def disable_client(database: Database, party: RelyingParty, somebody: Somebody) -> None:
    database.execute("update services_client set disabled_at = now() where client_id = $1", party.client_id)


def disable_service(database: Database, party: RelyingParty, somebody: Somebody) -> None:
    service_id = party.registered.service_id
    database.execute("update services_service set disabled_at = now() where service_id = $1", service_id)


def end_licence(database: Database, party: RelyingParty, somebody: Somebody) -> None:
    database.execute("delete from services_licence where service_id = $1", party.registered.service_id)


def close_school(database: Database, party: RelyingParty, somebody: Somebody) -> None:
    database.execute("update directory_institution set active = false where number = $1", somebody.institution)


def become_staff(database: Database, party: RelyingParty, somebody: Somebody) -> None:
    database.execute(
        "update directory_membership set actor_group = 'Medarbejder' where person_id = $1", somebody.person_id
    )


def narrow_groups(database: Database, party: RelyingParty, somebody: Somebody) -> None:
    service_id = party.registered.service_id
    database.execute("update services_service set actor_groups = '{Medarbejder}' where service_id = $1", service_id)


def raise_level(database: Database, party: RelyingParty, somebody: Somebody) -> None:
    service_id = party.registered.service_id
    database.execute("update services_service set minimum_level = 'ToFaktor' where service_id = $1", service_id)


def end_sessions(database: Database, party: RelyingParty, somebody: Somebody) -> None:
    database.execute("update sessions_session set ended_at = now() where account_id = $1", somebody.account_id)


@pytest.mark.parametrize(
    "take",
    [
        disable_client,
        disable_service,
        end_licence,
        close_school,
        become_staff,
        narrow_groups,
        raise_level,
        end_sessions,
    ],
)
def test_tokens_and_codes_die_with_what_they_stand_on(
    service: RelyingParty, services: Services, people: People, database_behind: Database, take: Take
) -> None:
    somebody = people.pupil()
    registered = services.add(licence_required=True, actor_groups=[ActorGroup.ELEV])
    services.license(registered, somebody.institution)
    party = RelyingParty(service.server, registered, service.http)
    first = party.sign_in(somebody)
    tokens = party.tokens(first)
    unused = party.enter_again(first.browser)
    assert party.userinfo(tokens["access_token"]).status_code == 200

    take(database_behind, party, somebody)

    assert party.userinfo(tokens["access_token"]).status_code == 401
    for answer in (party.refresh(tokens["refresh_token"]), party.redeem(unused)):
        assert answer.status_code in (400, 401)
        assert "access_token" not in answer.json()
    assert party.introspect(tokens["access_token"]).get("active") is not True
    first.browser.open(party.attempt(prompt="none").url)
    assert "code=" not in str(first.browser.left_for)


def test_a_rotated_secret_works_and_the_old_one_for_a_week(
    service: RelyingParty, services: Services, database_behind: Database
) -> None:
    registered = services.add()
    party = RelyingParty(service.server, registered, service.http)
    assert party.post("token", {"grant_type": "none"}).status_code == 400
    database_behind.execute(
        "update services_client_secret set expires_at = kit_now() where client_id = $1", party.client_id
    )
    assert party.post("token", {"grant_type": "none"}).json()["error"] == "invalid_client"
