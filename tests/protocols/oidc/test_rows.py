"""Every row B-O01 … B-O42 of security.md that applies answers exactly as listed there, and the process stays alive.

Not among them: B-O32 (client assertions), B-O36 (DPoP), B-O37 (PAR), B-O41 (MitID), which are not built.
"""

import httpx
import pytest

from tests.builders.people import People, Somebody
from tests.builders.services import Services
from tests.protocols.oidc.database import Database
from tests.protocols.oidc.relying_party import RelyingParty
from tests.protocols.oidc.rows import around, authorization, signed_in, tokens
from tests.protocols.oidc.rows.stage import NATIVE, NATIVE_6, PAGE_ORIGIN, WEB, Row, Stage, logged
from tests.server import RunningServer

ROWS: tuple[Row, ...] = (*authorization.ROWS, *signed_in.ROWS, *tokens.ROWS, *around.ROWS)


@pytest.fixture(scope="module")
def stage(
    server: RunningServer,
    services: Services,
    people: People,
    pupil: Somebody,
    http: httpx.Client,
    database_behind: Database,
) -> Stage:
    registered = {
        "web": services.add(redirect_uris=[WEB]),
        "native": services.add(confidential=False, redirect_uris=[NATIVE, NATIVE_6]),
        "relaxed": services.add(redirect_uris=[WEB], pkce_required=False),
        "service": services.add(),
        "other": services.add(),
        "native app": services.add(confidential=False),
        "relaxed service": services.add(pkce_required=False),
        "pages": services.add(confidential=False, web_origins=[PAGE_ORIGIN]),
    }
    clients = {name: RelyingParty(server, client, http) for name, client in registered.items()}
    browser = clients["service"].sign_in(pupil).browser
    return Stage(clients, people, pupil, browser, http, database_behind)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.id} {row.what}")
def test_a_bad_input_is_answered_exactly_as_listed(row: Row, stage: Stage) -> None:
    assert row.play(stage) == row.expected
    assert stage.service.server.process.poll() is None


def test_no_row_made_the_server_stumble(stage: Stage) -> None:
    assert "fault" not in logged(stage.service.server)
