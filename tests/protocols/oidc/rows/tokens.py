"""Rows B-O27 … B-O35 of security.md: mistakes and attacks at the endpoints that clients call."""

import base64
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.protocols.oidc.relying_party import Entered, RelyingParty
from tests.protocols.oidc.rows.stage import Row, Stage, told

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
GRANT = "400 invalid_grant"
CLIENT = "401 invalid_client"
REQUEST = "400 invalid_request"


def _token(stage: Stage, method: str = "POST", **sent: object) -> str:
    return told(stage.http.request(method, stage.service.address("token"), **sent))  # type: ignore[arg-type]  # httpx's own keywords


def _oversize(stage: Stage) -> str:
    return _token(stage, content=b"code=" + b"a" * 10_000_000, headers=FORM)


def _code(stage: Stage, **changed: str | None) -> str:
    """Redeem a good code with these changes, and show that it was not used up."""
    entered = stage.entered()
    said = told(stage.service.redeem(entered, **changed))
    assert stage.service.redeem(entered).status_code == 200
    return said


def _code_text(stage: Stage, change: str) -> str:
    entered = stage.entered()
    flipped = entered.code[:-2] + ("A" if entered.code[-2] != "A" else "B") + entered.code[-1]
    wrong = {
        "truncated": entered.code[:-1],
        "longer": entered.code + "A",
        "flipped": flipped,
        "newline": entered.code + "\n",
    }
    return told(stage.service.redeem(entered, code=wrong[change]))


def _code_of_other_client(stage: Stage) -> str:
    entered = stage.entered()
    said = told(stage.other.redeem(entered))
    assert stage.service.redeem(entered).status_code == 200, "the thief's try cost nothing (N-31)"
    return said


def _expired_code(stage: Stage) -> str:
    entered = stage.entered()
    stage.expire_code(entered.code)
    return told(stage.service.redeem(entered))


def _token_kind_as_code(stage: Stage, kind: str) -> str:
    return told(stage.service.redeem(stage.entered(), code=stage.tokens()[kind]))


def _used_code(stage: Stage) -> str:
    """The second, fully valid redemption: everything that came from the first is dead."""
    entered = stage.entered()
    tokens = stage.service.tokens(entered)
    said = told(stage.service.redeem(entered))
    assert stage.service.userinfo(tokens["access_token"]).status_code == 401
    assert told(stage.service.refresh(tokens["refresh_token"])) == GRANT
    return said


def _used_code_wrongly(stage: Stage) -> str:
    """A second redemption that is wrong in any respect revokes nothing (N-31)."""
    entered = stage.entered()
    tokens = stage.service.tokens(entered)
    assert told(stage.service.redeem(entered, code_verifier="w" * 43)) == GRANT
    assert told(stage.service.redeem(entered, redirect_uri="http://localhost:9/other")) == GRANT
    assert told(stage.other.redeem(entered)) == GRANT
    return f"{stage.service.userinfo(tokens['access_token']).status_code} still"


def _race(stage: Stage, call: "RelyingParty", times: int, fields: dict[str, str]) -> list[httpx.Response]:
    """Send the same call so many times at once, each on a connection of its own."""

    def one(_: int) -> httpx.Response:
        return httpx.post(call.address("token"), data=fields, auth=(call.client_id, call.secret), timeout=30)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def _winners(stage: Stage, answers: list[httpx.Response]) -> str:
    won = [answer for answer in answers if answer.status_code == 200]
    assert {told(answer) for answer in answers if answer.status_code != 200} <= {GRANT}
    alive = [answer for answer in won if stage.service.userinfo(answer.json()["access_token"]).status_code == 200]
    return f"{len(won)} won, {len(alive)} alive"


def _fifty_codes(stage: Stage) -> str:
    entered = stage.entered()
    return _winners(stage, _race(stage, stage.service, 50, _redemption(stage, entered)))


def _redemption(stage: Stage, entered: Entered) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "code": entered.code,
        "redirect_uri": stage.service.redirect_uri,
        "code_verifier": entered.attempt.verifier,
    }


def _fifty_refreshes(stage: Stage) -> str:
    fields = {"grant_type": "refresh_token", "refresh_token": stage.tokens()["refresh_token"]}
    return _winners(stage, _race(stage, stage.service, 50, fields))


def _verifier_without_challenge(stage: Stage) -> str:
    relaxed = stage.clients["relaxed service"]
    entered = stage.entered(relaxed, code_challenge=None, code_challenge_method=None)
    said = told(relaxed.redeem(entered))
    assert relaxed.redeem(entered, code_verifier=None).status_code == 200
    return said


def _authenticated(stage: Stage, header: str | None = None, **body: str) -> str:
    entered = stage.entered()
    headers = {"Authorization": header} if header is not None else {}
    fields = _redemption(stage, entered) | body
    return told(stage.http.post(stage.service.address("token"), data=fields, headers=headers))


def _basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def _both_methods(stage: Stage) -> str:
    own = stage.service
    return _authenticated(stage, _basic(own.client_id, own.secret), client_id=own.client_id, client_secret=own.secret)


def _refresh(stage: Stage, how: str) -> str:
    tokens = stage.tokens()
    token = tokens["refresh_token"]
    match how:
        case "other client":
            said = told(stage.other.refresh(token))
            assert stage.service.refresh(token).status_code == 200, "the thief's try cost nothing"
            return said
        case "wider scope":
            said = told(stage.service.refresh(token, scope="openid profile"))
            assert stage.service.refresh(token, scope="openid").status_code == 200
            return said
        case "expired":
            stage.expire_token(token)
        case "access token":
            token = tokens["access_token"]
    return told(stage.service.refresh(token))


def _reused_refresh(stage: Stage) -> str:
    """Everybody of the family is dead afterwards, also the one who was first (N-34)."""
    first = stage.tokens()
    second = stage.service.refresh(first["refresh_token"]).json()
    said = told(stage.service.refresh(first["refresh_token"]))
    assert stage.service.userinfo(second["access_token"]).status_code == 401
    assert told(stage.service.refresh(second["refresh_token"])) == GRANT
    return said


def _reused_refresh_by_another(stage: Stage) -> str:
    first = stage.tokens()
    second = stage.service.refresh(first["refresh_token"]).json()
    assert told(stage.other.refresh(first["refresh_token"])) == GRANT
    return f"{stage.service.userinfo(second['access_token']).status_code} still"


def _refresh_after(stage: Stage, what: str) -> str:
    somebody = stage.people.pupil()
    entered = stage.service.sign_in(somebody)
    tokens = stage.service.tokens(entered)
    session = tokens["session_state"]
    match what:
        case "logout":
            entered.browser.open(f"{stage.service.address('logout')}?id_token_hint={tokens['id_token']}")
        case "deactivation":
            stage.people.block(somebody)
        case "leaving school":
            stage.people.leave(somebody)
        case "absolute expiry":
            stage.database.execute(
                "update sessions_session set expires_at = kit_now() where session_id::text = $1", session
            )
        case "idle expiry":
            stage.database.execute(
                "update sessions_session set seen_at = kit_now() - idle_seconds * interval '1 second'"
                " where session_id::text = $1",
                session,
            )
    assert stage.service.userinfo(tokens["access_token"]).status_code == 401
    assert stage.service.introspect(tokens["access_token"]) == {"active": False}
    return told(stage.service.refresh(tokens["refresh_token"]))


def _userinfo(stage: Stage, kind: str) -> str:
    return told(stage.service.userinfo(stage.tokens()[kind]))


def _userinfo_with(stage: Stage, *headers: str, method: str = "GET", **sent: str) -> str:
    token = stage.tokens()["access_token"]
    pairs = [("Authorization", header.replace("{token}", token)) for header in headers]
    address = f"{stage.service.address('userinfo')}?{sent.get('query', '').replace('{token}', token)}"
    fields = {"access_token": token} if "body" in sent else None
    return told(stage.http.request(method, address, headers=pairs, data=fields))


def _introspected(stage: Stage, kind: str, *, of: str = "service") -> str:
    client = stage.service if of == "service" else stage.other
    return str(stage.service.introspect(stage.tokens(client)[kind]))


def _revoked_by_other(stage: Stage, kind: str) -> str:
    tokens = stage.tokens()
    said = told(stage.other.post("revoke", {"token": tokens[kind]}))
    assert stage.service.userinfo(tokens["access_token"]).status_code == 200, "the token lives on"
    return said


INACTIVE = "{'active': False}"
TOKEN = "401 invalid_token"

ROWS = (
    Row("B-O27", "GET", "405", lambda stage: _token(stage, "GET")),
    Row(
        "B-O27",
        "wrong content type",
        REQUEST,
        lambda stage: _token(stage, content="a=b", headers={"Content-Type": "text/plain"}),
    ),
    Row("B-O27", "JSON body", REQUEST, lambda stage: _token(stage, json={"grant_type": "authorization_code"})),
    Row("B-O27", "multipart body", REQUEST, lambda stage: _token(stage, files={"code": b"x"})),
    Row("B-O27", "no body", REQUEST, _token),
    Row("B-O27", "empty form", REQUEST, lambda stage: _token(stage, content=b"", headers=FORM)),
    Row("B-O27", "bad UTF-8", REQUEST, lambda stage: _token(stage, content=b"code=%ff", headers=FORM)),
    Row("B-O27", "body of 10 MB", "413 invalid_request", _oversize),
    Row("B-O27", "parameter twice", REQUEST, lambda stage: _token(stage, content=b"code=a&code=b", headers=FORM)),
    Row("B-O27", "no grant_type", REQUEST, lambda stage: told(stage.service.post("token", {"code": "x"}))),
    Row("B-O27", "no code", REQUEST, lambda stage: told(stage.service.redeem(stage.entered(), code=None))),
    Row(
        "N-33",
        "grant_type password",
        "400 unsupported_grant_type",
        lambda stage: told(stage.service.post("token", {"grant_type": "password", "username": "a", "password": "b"})),
    ),
    Row(
        "N-33",
        "grant_type client_credentials",
        "400 unsupported_grant_type",
        lambda stage: told(stage.service.post("token", {"grant_type": "client_credentials"})),
    ),
    Row("B-O28", "code of another client", GRANT, _code_of_other_client),
    Row("B-O28", "other redirect_uri", GRANT, lambda stage: _code(stage, redirect_uri="http://localhost:9/other")),
    Row("B-O28", "expired", GRANT, _expired_code),
    Row("B-O28", "used", GRANT, _used_code),
    Row("B-O28", "used, and wrong in other respects", "200 still", _used_code_wrongly),
    Row("B-O28", "truncated", GRANT, lambda stage: _code_text(stage, "truncated")),
    Row("B-O28", "longer", GRANT, lambda stage: _code_text(stage, "longer")),
    Row("B-O28", "bit-flipped", GRANT, lambda stage: _code_text(stage, "flipped")),
    Row("B-O28", "with a newline after it", GRANT, lambda stage: _code_text(stage, "newline")),
    Row("V-09", "a refresh token as code", GRANT, lambda stage: _token_kind_as_code(stage, "refresh_token")),
    Row("V-09", "an access token as code", GRANT, lambda stage: _token_kind_as_code(stage, "access_token")),
    Row("B-O29", "fifty redemptions at once", "1 won, 0 alive", _fifty_codes),
    Row("B-O30", "verifier wrong", GRANT, lambda stage: _code(stage, code_verifier="w" * 43)),
    Row("B-O30", "verifier short", GRANT, lambda stage: _code(stage, code_verifier="w" * 42)),
    Row("B-O30", "verifier long", GRANT, lambda stage: _code(stage, code_verifier="w" * 129)),
    Row("B-O30", "verifier empty", GRANT, lambda stage: _code(stage, code_verifier="")),
    Row("B-O30", "verifier missing", GRANT, lambda stage: _code(stage, code_verifier=None)),
    Row("B-O30", "verifier where no challenge was", GRANT, _verifier_without_challenge),
    Row("B-O31", "two methods at once", CLIENT, _both_methods),
    Row(
        "B-O31",
        "Basic with a percent sign too many",
        CLIENT,
        lambda stage: _authenticated(stage, _basic(stage.service.client_id, stage.service.secret + "%zz")),
    ),
    Row("B-O31", "Basic that is no base64", CLIENT, lambda stage: _authenticated(stage, "Basic ***")),
    Row("B-O31", "Basic without a colon", CLIENT, lambda stage: _authenticated(stage, "Basic YWJj")),
    Row(
        "B-O31",
        "Basic with an empty secret",
        CLIENT,
        lambda stage: _authenticated(stage, _basic(stage.service.client_id, "")),
    ),
    Row(
        "B-O31",
        "empty secret in the body",
        CLIENT,
        lambda stage: _authenticated(stage, client_id=stage.service.client_id, client_secret=""),
    ),
    Row("B-O31", "no secret", CLIENT, lambda stage: _authenticated(stage, client_id=stage.service.client_id)),
    Row(
        "B-O31",
        "secret of another client",
        CLIENT,
        lambda stage: _authenticated(stage, _basic(stage.service.client_id, stage.other.secret)),
    ),
    Row("B-O31", "unknown client", CLIENT, lambda stage: _authenticated(stage, _basic("nobody", "nothing"))),
    Row(
        "B-O31",
        "public client with a secret",
        CLIENT,
        lambda stage: _authenticated(stage, client_id=stage.native.client_id, client_secret="guess"),
    ),
    Row(
        "B-O31",
        "another client in the body",
        CLIENT,
        lambda stage: _authenticated(
            stage, _basic(stage.service.client_id, stage.service.secret), client_id=stage.other.client_id
        ),
    ),
    Row("B-O33", "reused", GRANT, _reused_refresh),
    Row("B-O33", "reused by another client", "200 still", _reused_refresh_by_another),
    Row("V-12", "fifty refreshes at once", "1 won, 0 alive", _fifty_refreshes),
    Row("B-O33", "other client", GRANT, lambda stage: _refresh(stage, "other client")),
    Row("B-O33", "wider scope", "400 invalid_scope", lambda stage: _refresh(stage, "wider scope")),
    Row("B-O33", "expired", GRANT, lambda stage: _refresh(stage, "expired")),
    Row("B-O33", "an access token instead", GRANT, lambda stage: _refresh(stage, "access token")),
    Row("B-O33", "after logout", GRANT, lambda stage: _refresh_after(stage, "logout")),
    Row("B-O33", "after deactivation", GRANT, lambda stage: _refresh_after(stage, "deactivation")),
    Row("B-O33", "after leaving school", GRANT, lambda stage: _refresh_after(stage, "leaving school")),
    Row("B-O33", "after absolute expiry", GRANT, lambda stage: _refresh_after(stage, "absolute expiry")),
    Row("B-O33", "after idle expiry", GRANT, lambda stage: _refresh_after(stage, "idle expiry")),
    Row("B-O34", "userinfo with an id token", TOKEN, lambda stage: _userinfo(stage, "id_token")),
    Row("B-O34", "userinfo with a refresh token", TOKEN, lambda stage: _userinfo(stage, "refresh_token")),
    Row("B-O34", "userinfo without a token", "401", _userinfo_with),
    Row(
        "B-O34",
        "userinfo with the token in the query",
        "401",
        lambda stage: _userinfo_with(stage, query="access_token={token}"),
    ),
    Row(
        "B-O34",
        "userinfo with the token in the body",
        "401",
        lambda stage: _userinfo_with(stage, method="POST", body="yes"),
    ),
    Row(
        "B-O34",
        "userinfo with two headers",
        TOKEN,
        lambda stage: _userinfo_with(stage, "Bearer {token}", "Bearer {token}"),
    ),
    Row("B-O34", "userinfo with Basic", TOKEN, lambda stage: _userinfo_with(stage, "Basic {token}")),
    Row("B-O34", "userinfo with a broken token", TOKEN, lambda stage: _userinfo_with(stage, "Bearer {token}x")),
    Row("B-O34", "userinfo by POST", "200", lambda stage: _userinfo_with(stage, "Bearer {token}", method="POST")),
    Row("B-O34", "introspection of an id token", INACTIVE, lambda stage: _introspected(stage, "id_token")),
    Row("B-O34", "introspection of a refresh token", INACTIVE, lambda stage: _introspected(stage, "refresh_token")),
    Row(
        "B-O34",
        "introspection of another's token",
        INACTIVE,
        lambda stage: _introspected(stage, "access_token", of="other"),
    ),
    Row(
        "B-O34",
        "introspection by a public client",
        CLIENT,
        lambda stage: told(
            stage.native.post("token/introspect", {"token": stage.tokens(stage.native)["access_token"]})
        ),
    ),
    Row(
        "B-O34",
        "introspection without a client",
        REQUEST,
        lambda stage: told(stage.http.post(stage.service.address("token/introspect"))),
    ),
    Row(
        "B-O35",
        "revoking an unknown token",
        "200",
        lambda stage: told(stage.service.post("revoke", {"token": "unknown"})),
    ),
    Row("B-O35", "revoking no token", REQUEST, lambda stage: told(stage.service.post("revoke", {"token": ""}))),
    Row("B-O35", "revoking another's access token", GRANT, lambda stage: _revoked_by_other(stage, "access_token")),
    Row("B-O35", "revoking another's refresh token", GRANT, lambda stage: _revoked_by_other(stage, "refresh_token")),
)
