"""Rows B-O01 … B-O26 of security.md: mistakes at the authorization endpoint.

"local 400" is a page of ours: an incident id, no redirect, nothing of the input. "redirect CODE" is the error at the
registered address with state and iss. "journey" is a good request: somebody is asked who they are.
"""

from functools import partial
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import httpx

from tests.protocols.oidc.rows.stage import NATIVE_URI, WEB, Row, Stage

CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
NSIS = "https://data.gov.dk/concept/core/nsis/loa/"
STATE = "the-state-of-it"

Changes = dict[str, str | list[str] | None]


def row(
    id_: str,
    what: str,
    expected: str,
    /,
    *,
    client: str = "web",
    method: str = "GET",
    **changes: str | list[str] | None,
) -> Row:
    """A good request of a client, with these parameters changed, repeated (a list) or left out (None)."""
    return Row(id_, what, expected, partial(_ask, client=client, method=method, changes=changes))


def uri(id_: str, redirect_uri: str) -> Row:
    """A redirect URI that is not the registered one."""
    return row(id_, redirect_uri[:60], LOCAL, redirect_uri=redirect_uri)


def _ask(stage: Stage, *, client: str, method: str, changes: Changes) -> str:
    default_uri = NATIVE_URI if client == "native" else WEB
    good: Changes = {
        "client_id": stage.clients[client].client_id,
        "response_type": "code",
        "redirect_uri": default_uri,
        "scope": "openid",
        "state": STATE,
        "nonce": "the-nonce-of-it",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    wanted = {name: value for name, value in (good | changes).items() if value is not None}
    pairs = [(name, one) for name, value in wanted.items() for one in ([value] if isinstance(value, str) else value)]
    encoded = urlencode(
        [(name, one.replace("{client_id}", stage.clients[client].client_id)) for name, one in pairs], quote_via=quote
    )
    address = stage.clients[client].address("auth")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    if method == "POST":
        response = stage.http.post(address, content=encoded, headers=form)
    else:
        response = stage.http.request(method, f"{address}?{encoded}")
    state = wanted.get("state")
    may_return = isinstance(state, str) and len(state.encode()) <= 2048
    said = outcome(stage, response, redirect_uri=default_uri, state=str(state) if may_return else None)
    if said == LOCAL:
        assert str(changes.get("redirect_uri") or "evil.dk") not in response.text, "nothing of the input comes back"
    return said


def outcome(stage: Stage, response: httpx.Response, *, redirect_uri: str, state: str | None = STATE) -> str:
    """Say in the words of the table what an answer is, checking what each kind promises."""
    location = response.headers.get("location", "")
    if response.status_code == 303 and location.startswith("/login/"):
        return "journey"
    if response.status_code == 303 and "?posted_request=" in location:
        return "kept"
    if response.status_code == 303 and location.startswith(redirect_uri + ("&" if "?" in redirect_uri else "?")):
        answer = dict(parse_qsl(urlsplit(location).query, keep_blank_values=True))
        assert answer["iss"] == stage.issuer
        assert answer.get("state") == state
        if "code" in answer:
            return "code"
        assert answer["error_description"].isascii()
        return f"redirect {answer['error']}"
    assert not location
    if response.status_code == 400:
        assert 'class="incident"' in response.text
        return LOCAL
    return str(response.status_code)


LOCAL = "local 400"
INVALID = "redirect invalid_request"
UNMET = "redirect unmet_authentication_requirements"

ROWS = (
    row("B-O01", "unknown client_id", LOCAL, client_id="nobody"),
    row("B-O01", "empty client_id", LOCAL, client_id=""),
    row("B-O01", "no client_id", LOCAL, client_id=None),
    row("B-O01", "client_id twice", LOCAL, client_id=["{client_id}", "{client_id}"]),
    row("B-O02", "client_id with NUL", LOCAL, client_id="{client_id}\x00"),
    row("B-O02", "client_id of 10 kB", LOCAL, client_id="a" * 10_240),
    row("B-O02", "look-alike client_id", LOCAL, client_id="{client_id}ѕ"),
    row("B-O02", "client_id with a space after it", LOCAL, client_id="{client_id} "),
    row("B-O03", "no redirect_uri, one registered", LOCAL, redirect_uri=None),
    row("B-O03", "empty redirect_uri", LOCAL, redirect_uri=""),
    row("B-O03", "redirect_uri twice", LOCAL, redirect_uri=[WEB, WEB]),
    row("B-O03", "no redirect_uri, several registered", LOCAL, client="native", redirect_uri=None),
    row("B-O04", "no response_type", INVALID, response_type=None),
    row("B-O04", "response_type token", "redirect unsupported_response_type", response_type="token"),
    row("B-O04", "response_type id_token", "redirect unsupported_response_type", response_type="id_token"),
    row("B-O04", "response_type code token", "redirect unsupported_response_type", response_type="code token"),
    row("B-O04", "response_type twice", INVALID, response_type=["code", "code"]),
    row("B-O04", "response_mode fragment", INVALID, response_mode="fragment"),
    row("B-O05", "no openid in scope", "redirect invalid_scope", scope="profile"),
    row("B-O05", "no scope", "redirect invalid_scope", scope=None),
    row("B-O05", "unknown scopes beside openid", "journey", scope="InstitutionIdsClientScope openid profile email"),
    row("B-O05", "a thousand scopes", "journey", scope=" ".join(["openid", *(f"s{n}" for n in range(1000))])),
    row("B-O05", "the same scope repeated", "journey", scope="openid openid openid"),
    row("B-O05", "scope given twice", INVALID, scope=["openid", "openid"]),
    row("B-O05", "scope with a quote", "redirect invalid_scope", scope='openid "x"'),
    row("B-O06", "state of 10 kB", INVALID, state="a" * 10_240),
    row("B-O06", "state of 2049 bytes in 2048 characters", INVALID, state="a" * 2047 + "å"),
    row("B-O06", "state of 2 kB comes back", "redirect unsupported_response_type", state="a" * 2048, response_type="x"),
    row(
        "B-O06",
        "control characters come back",
        "redirect unsupported_response_type",
        state="\r\n\t\x1b",
        response_type="x",
    ),
    row("B-O06", "markup comes back", "redirect unsupported_response_type", state="<b>\"'&;+ %00", response_type="x"),
    row("B-O06", "no state", "redirect unsupported_response_type", state=None, response_type="x"),
    row("B-O06", "state twice", INVALID, state=["a", "b"]),
    row("B-O07", "nonce of 10 kB", INVALID, nonce="n" * 10_240),
    row("B-O07", "nonce with control characters", INVALID, nonce="a\nb"),
    row("B-O07", "no nonce, with PKCE", "journey", nonce=None),
    row("B-O08", "no code_challenge", INVALID, code_challenge=None, code_challenge_method=None),
    row("B-O08", "code_challenge_method only", INVALID, code_challenge=None),
    row("B-O08", "code_challenge without a method", INVALID, code_challenge_method=None),
    row("B-O08", "plain", INVALID, code_challenge_method="plain"),
    row("B-O08", "s256 in small letters", INVALID, code_challenge_method="s256"),
    row("B-O08", "code_challenge too short", INVALID, code_challenge=CHALLENGE[:-1]),
    row("B-O08", "code_challenge too long", INVALID, code_challenge=CHALLENGE + "A"),
    row("B-O08", "code_challenge in plain base64", INVALID, code_challenge=CHALLENGE[:-1] + "+"),
    row("B-O08", "code_challenge with a line break", INVALID, code_challenge=CHALLENGE + "\n"),
    row(
        "B-O08",
        "public client without PKCE but with nonce",
        INVALID,
        client="native",
        code_challenge=None,
        code_challenge_method=None,
    ),
    row(
        "B-O08",
        "relaxed client with nonce",
        "journey",
        client="relaxed",
        code_challenge=None,
        code_challenge_method=None,
    ),
    row(
        "B-O08",
        "relaxed client without nonce",
        INVALID,
        client="relaxed",
        code_challenge=None,
        code_challenge_method=None,
        nonce=None,
    ),
    row("B-O09", "request", "redirect request_not_supported", request="eyJhbGciOiJub25lIn0.e30."),
    row("B-O09", "request_uri", "redirect request_uri_not_supported", request_uri="http://127.0.0.1:1/never-fetched"),
    row("B-O09", "registration", "redirect registration_not_supported", registration="{}"),
    uri("B-O10", "http://rp.dk/callback?app=1"),
    uri("B-O10", "https://other.dk/callback?app=1"),
    uri("B-O10", "https://rp.dk:8443/callback?app=1"),
    uri("B-O10", "https://rp.dk:443/callback?app=1"),
    uri("B-O10", "https://rp.dk/callback/?app=1"),
    uri("B-O10", "https://rp.dk/callback"),
    uri("B-O10", "https://rp.dk/callback?app=2"),
    uri("B-O10", "https://rp.dk/callback?app=1#fragment"),
    uri("B-O10", "https://RP.dk/callback?app=1"),
    uri("B-O10", "https://rp.dk/Callback?app=1"),
    uri("B-O11", "https://rp.dk.evil.dk/callback?app=1"),
    uri("B-O11", "https://rp.dk@evil.dk/callback?app=1"),
    uri("B-O11", "https://evil.dk\\@rp.dk/callback?app=1"),
    uri("B-O11", "//evil.dk/callback?app=1"),
    uri("B-O12", "https://rp.dk/x/../callback?app=1"),
    uri("B-O12", "https://rp.dk/x/%2e%2e/callback?app=1"),
    uri("B-O12", "https://rp.dk/x/..;/callback?app=1"),
    uri("B-O12", "https://rp.dk/%5ccallback?app=1"),
    uri("B-O12", "https://rp.dk/%63allback?app=1"),
    uri("B-O12", "https://rp.dk/%2563allback?app=1"),
    uri("B-O12", "https://rp.dk/\tcallback?app=1"),
    uri("B-O12", "https://rp.dk/callback?app=1\r\nX-Evil: 1"),
    uri("B-O12", "https://xn--rp-xka.dk/callback?app=1"),
    uri("B-O12", "https://rр.dk/callback?app=1"),
    uri("B-O13", "javascript:alert(1)"),
    uri("B-O13", "data:text/html,x"),
    uri("B-O13", "intent://rp.dk/#Intent;end"),
    uri("B-O13", "myapp://callback"),
    uri("B-O14", "http://localhost.evil.dk/callback"),
    row("B-O14", "http for a web client", LOCAL, redirect_uri="http://localhost/callback"),
    row("B-O14", "loopback.evil.dk", LOCAL, client="native", redirect_uri="http://127.0.0.1.evil.dk/callback"),
    row(
        "B-O15",
        "loopback, registered without a port",
        "journey",
        client="native",
        redirect_uri="http://127.0.0.1:51000/callback",
    ),
    row(
        "B-O15",
        "loopback, registered with another port",
        "journey",
        client="native",
        redirect_uri="http://[::1]:51000/callback",
    ),
    row("B-O15", "loopback, other path", LOCAL, client="native", redirect_uri="http://127.0.0.1:51000/other"),
    row("B-O15", "loopback, other name of it", LOCAL, client="native", redirect_uri="http://localhost:51000/callback"),
    row("B-O15", "loopback, https", LOCAL, client="native", redirect_uri="https://127.0.0.1:51000/callback"),
    row("B-O15", "loopback, user name", LOCAL, client="native", redirect_uri="http://127.0.0.1:51000@evil.dk/callback"),
    uri("B-O16", f"{WEB}&next=https://evil.dk"),
    row("B-O17", "POST", "kept", method="POST"),
    row("B-O17", "HEAD", "405", method="HEAD"),
    row("B-O17", "PUT", "405", method="PUT"),
    row("B-O17", "TRACE", "405", method="TRACE"),
    row("B-O20", "prompt none without a session", "redirect login_required", prompt="none"),
    row("B-O20", "prompt none and login", INVALID, prompt="none login"),
    row("B-O20", "unknown prompt", INVALID, prompt="create"),
    row("B-O20", "prompt consent", "journey", prompt="consent"),
    row("B-O21", "max_age -1", INVALID, max_age="-1"),
    row("B-O21", "max_age 2^63", INVALID, max_age=str(2**63)),
    row("B-O21", "max_age text", INVALID, max_age="soon"),
    row("B-O21", "max_age in other digits", INVALID, max_age="٣"),
    row("B-O21", "max_age 0", "journey", max_age="0"),
    row("B-O22", "acr_values unknown", "journey", acr_values="urn:unknown"),
    row("B-O22", "acr_values higher than possible", "journey", acr_values=f"{NSIS}Substantial"),
    row("B-O22", "essential acr unknown", UNMET, claims='{"id_token":{"acr":{"essential":true,"value":"urn:x"}}}'),
    row(
        "B-O22",
        "essential acr too high",
        UNMET,
        claims=f'{{"id_token":{{"acr":{{"essential":true,"values":["{NSIS}Substantial"]}}}}}}',
    ),
    row(
        "B-O22",
        "essential acr, one of them possible",
        "journey",
        claims='{"id_token":{"acr":{"essential":true,"values":["ToFaktor","EnFaktor"]}}}',
    ),
    row("B-O22", "voluntary acr too high", "journey", claims='{"id_token":{"acr":{"values":["ToFaktor"]}}}'),
    row("B-O23", "id_token_hint of nobody", "journey", id_token_hint="eyJhbGciOiJub25lIn0.e30."),
    row("B-O23", "id_token_hint with ten thousand dots", "journey", id_token_hint="." * 10_000),
    row("B-O25", "ui_locales of 10 kB", "journey", ui_locales="x" * 10_240),
    row("B-O25", "ui_locales as a path", "journey", ui_locales="../../etc/passwd"),
    row("B-O26", "claims no JSON", INVALID, claims="{"),
    row("B-O26", "claims no object", INVALID, claims="[]"),
    row("B-O26", "claims a thousand deep", INVALID, claims='{"a":' * 1000 + "1" + "}" * 1000),
    row("B-O26", "claims a thousand deep in arrays", INVALID, claims="[" * 1000 + "]" * 1000),
    row("B-O26", "claims with a member twice", INVALID, claims='{"id_token":{},"id_token":{"acr":null}}'),
    row("B-O26", "claims of 12 kB", INVALID, claims='{"a":"' + "x" * 12_000 + '"}'),
    row("B-O26", "claims with NaN", "journey", claims='{"id_token":{"acr":NaN}}'),
    row("V-51", "a parameter called as ours", "journey", journey="null", asked_at="0", posted_request="[]"),
)
