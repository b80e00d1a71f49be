"""Out to a provider and back in, as it should be."""

from tests.builders.provider import asked_of
from tests.protocols.oidc_rp.conftest import Known, MitId, sessions_of
from tests.server import RunningServer


def test_mitid_signs_in_whom_it_names(mitid: MitId, parent: Known, shared_database: str) -> None:
    visitor = mitid.visitor()
    mitid.come_back(visitor, {"cpr": parent.cpr})
    assert visitor.path.endswith("/external")
    assert visitor.moves_on
    visitor.move_on()
    assert visitor.path == "/hjaelp"
    newest = sessions_of(shared_database, parent)[-1]
    assert (newest["method"], newest["level"]) == ("mitid", "ToFaktor")


def test_n_52_a_request_carries_state_nonce_pkce_and_a_redirect_uri_of_its_own(
    mitid: MitId, server: RunningServer
) -> None:
    first, second = (asked_of(mitid.visitor().left_for or "") for _ in range(2))
    assert first["redirect_uri"] == f"{server.base_url}/auth/realms/broker/broker/{mitid.alias}/endpoint"
    assert first["code_challenge_method"] == "S256"
    assert first["response_type"] == "code"
    assert first["prompt"] == "login"
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) == 43
        assert first[name] != second[name]
