"""The provider is the attacker, or in the attacker's hands (F-24, V-27): nobody comes in, and it is written down."""

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OctKey

from tests.builders.provider import DISCOVERY, JWKS, TOKEN, USERINFO, Behaviour, Claims, StubProvider, new_cpr
from tests.protocols.oidc_rp.conftest import Known, MitId, fetch, sessions_of
from unilogin.kit.jose import SigningKey

Lie = Callable[[Claims], Claims]
OTHER_KEY = SigningKey.generate("RS256")
TRUE_KEY = StubProvider().key
REFUSED = "Vi kunne ikke bruge svaret fra MitID"
SILENT = "MitID svarer ikke lige nu"


def saying(**claims: Any) -> Lie:
    """A lie: these claims in place of the true ones; None takes one away."""

    def lie(told: Claims) -> Claims:
        return {name: value for name, value in {**told, **claims}.items() if value is not None}

    return lie


def in_time(**moved: int) -> Lie:
    """A lie: these times moved by so many seconds."""
    return lambda told: {**told, **{name: told["iat"] + seconds for name, seconds in moved.items()}}


def header(claims: Claims, key: SigningKey, **changed: Any) -> str:
    """Sign with another header."""
    told = {"alg": key.algorithm, "kid": key.kid, "typ": "JWT", **changed}
    return jws.serialize_compact(
        {name: value for name, value in told.items() if value is not None},
        json.dumps(claims).encode(),
        key.key,
        registry=jws.JWSRegistry(algorithms=["RS256", "ES256"], strict_check_header=False),
    )


def unsigned(claims: Claims) -> str:
    """A token of nobody: alg none."""
    parts = [{"alg": "none", "typ": "JWT"}, claims]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + "."


def with_the_public_key(claims: Claims) -> str:
    """HS256 with what everybody can read as its secret (algorithm confusion)."""
    secret = OctKey.import_key(json.dumps(TRUE_KEY.public_jwk()))
    return jws.serialize_compact({"alg": "HS256", "kid": TRUE_KEY.kid}, json.dumps(claims).encode(), secret)


def twice(claims: Claims) -> str:
    """A claim given twice: which one counts is each reader's own idea."""
    text = json.dumps(claims)[:-1] + ', "cpr": "' + new_cpr() + '"}'
    key = TRUE_KEY
    return jws.serialize_compact({"alg": "RS256", "kid": key.kid, "typ": "JWT"}, text.encode(), key.key)


@dataclass(frozen=True)
class Trick:
    """One way to lie, and the word the audit log has for it."""

    name: str
    reason: str
    lie: Lie = field(default=saying())
    sign: Callable[[Claims], str] | None = None


TRICKS = (
    Trick("another issuer", "iss", saying(iss="https://login.example.dk")),
    Trick("an issuer that only looks the same", "iss", lambda told: {**told, "iss": told["iss"] + "/"}),
    Trick("no issuer", "iss", saying(iss=None)),
    Trick("for another client", "aud", saying(aud="somebody-else")),
    Trick("for us and another", "aud", lambda told: {**told, "aud": [told["aud"], "somebody-else"]}),
    Trick("for nobody", "aud", saying(aud=[])),
    Trick("no audience", "aud", saying(aud=None)),
    Trick("made for another party", "azp", saying(azp="somebody-else")),
    Trick("another nonce", "nonce", saying(nonce="n" * 43)),
    Trick("no nonce", "nonce", saying(nonce=None)),
    Trick("a nonce that is a list", "nonce", lambda told: {**told, "nonce": [told["nonce"]]}),
    Trick("no subject", "sub", saying(sub=None)),
    Trick("an empty subject", "sub", saying(sub="")),
    Trick("a subject without end", "sub", saying(sub="s" * 256)),
    Trick("expired", "exp", in_time(exp=-3600)),
    Trick("without end", "exp", saying(exp=None)),
    Trick("an end that is no time", "exp", saying(exp="tomorrow")),
    Trick("an end that is true", "exp", saying(exp=True)),
    Trick("not valid yet", "nbf", in_time(nbf=3600)),
    Trick("from the future", "nbf", lambda told: {**told, "iat": told["iat"] + 3600, "exp": told["iat"] + 7200}),
    Trick("from yesterday", "iat", lambda told: {**told, "iat": told["iat"] - 86_400}),
    Trick("without a beginning", "nbf", saying(iat=None)),
    Trick("an old session at the provider", "auth_time", in_time(auth_time=-3600)),
    Trick("no time of proof", "auth_time", saying(auth_time=None)),
    Trick("a proof from the future", "auth_time", in_time(auth_time=3600)),
    Trick("signed by another key, same name", "signature", sign=lambda told: header(told, OTHER_KEY, kid=TRUE_KEY.kid)),
    Trick("signed by a key nobody published", "kid", sign=OTHER_KEY.sign),
    Trick("not signed", "signature", sign=unsigned),
    Trick("signed with the public key", "signature", sign=with_the_public_key),
    Trick("a critical header", "signature", sign=lambda told: header(told, TRUE_KEY, crit=["kid"])),
    Trick("another kind of token", "signature", sign=lambda told: header(told, TRUE_KEY, typ="at+jwt")),
    Trick("a claim given twice", "signature", sign=twice),
    Trick("no token at all", "signature", sign=lambda told: "not.a.token"),
    Trick("half a token", "signature", sign=lambda told: TRUE_KEY.sign(told).rpartition(".")[0]),
    Trick("a token without end", "id_token", sign=lambda told: TRUE_KEY.sign(told | {"pad": "x" * 70_000})),
    Trick("a CPR number that cannot be", "cpr", saying(cpr="3113991234")),
    Trick("a CPR number with something behind it", "cpr", lambda told: {**told, "cpr": f"{told['cpr']}'--"}),
    Trick("a CVR number that cannot be", "cvr", saying(cvr="1234")),
)  # fmt: skip


def refusals(dsn: str, alias: str) -> list[str]:
    """Why answers of a provider were refused, as the audit log has it."""
    rows = fetch(
        dsn,
        "select detail from audit_event where action = 'provider.answer_refused' and object = $1 order by at",
        alias,
    )
    return [row["detail"]["why"] for row in rows]


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.name)
def test_v_27_f_24_a_lie_in_the_id_token_lets_nobody_in(
    mitid: MitId, parent: Known, shared_database: str, trick: Trick
) -> None:
    before = sessions_of(shared_database, parent)
    visitor = mitid.visitor()
    mitid.come_back(visitor, {"cpr": parent.cpr}, lie=trick.lie, sign=trick.sign)
    assert visitor.heading == REFUSED
    assert refusals(shared_database, mitid.alias) == [trick.reason]
    assert sessions_of(shared_database, parent) == before


def test_the_tricks_are_tricks_and_the_truth_is_not_one(mitid: MitId, parent: Known) -> None:
    """Shared set-up: without a lie the same claims come in."""
    visitor = mitid.visitor()
    mitid.come_back(visitor, {"cpr": parent.cpr}, lie=saying())
    assert visitor.moves_on


@pytest.mark.parametrize(
    ("path", "behaviour", "reason"),
    [
        (TOKEN, Behaviour(body=b"<!doctype html><title>Vedligehold</title>", content_type="text/html"), "token json"),
        (TOKEN, Behaviour(endless=100 * 1024 * 1024), "token size"),
        (TOKEN, Behaviour(status=302, location="http://localhost:9/"), "token 302"),
        (TOKEN, Behaviour(status=307, location=TOKEN, body=b"{}"), "token 307"),
        (TOKEN, Behaviour(status=400, body=b'{"error": "invalid_grant"}'), "token 400"),
        (TOKEN, Behaviour(body=b'{"id_token": "a.b.c"}'), "token type"),
        (TOKEN, Behaviour(body=b'{"token_type": "Bearer"}'), "id_token"),
        (TOKEN, Behaviour(body=b'["id_token"]'), "token json"),
        (TOKEN, Behaviour(body=b'{"token_type": "Bearer", "id_token": ["a"]}'), "id_token"),
        (TOKEN, Behaviour(body=b"[" * 100_000), "token json"),
        (TOKEN, Behaviour(body=b'{"token_type": "x", "token_type": "Bearer", "id_token": "a.b.c"}'), "token json"),
        (TOKEN, Behaviour(body=b"\xff\xfe{}"), "token json"),
        (JWKS, Behaviour(body=b"<html></html>"), "document json"),
        (JWKS, Behaviour(body=b'{"keys": "none"}'), "kid"),
        (JWKS, Behaviour(body=b'{"keys": [{"kty": "oct", "k": "AAAA"}]}'), "kid"),
        (JWKS, Behaviour(endless=100 * 1024 * 1024), "document size"),
        (USERINFO, Behaviour(body=b'{"sub": "somebody else"}'), "userinfo sub"),
        (USERINFO, Behaviour(body=b"{}"), "userinfo sub"),
        (USERINFO, Behaviour(status=403), "userinfo 403"),
        (USERINFO, Behaviour(status=302, location="http://localhost:9/"), "userinfo 302"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_f_24_nonsense_at_an_endpoint_lets_nobody_in(
    mitid: MitId, parent: Known, shared_database: str, path: str, behaviour: Behaviour, reason: str
) -> None:
    visitor = mitid.visitor()
    mitid.stub.behaves[path] = behaviour
    mitid.come_back(visitor, {"cpr": parent.cpr})
    assert visitor.heading == REFUSED
    assert refusals(shared_database, mitid.alias) == [reason]


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"issuer": "http://localhost:9"}, "metadata issuer"),
        ({"issuer": None}, "metadata issuer"),
        ({"token_endpoint": "http://169.254.169.254/latest"}, "metadata token_endpoint"),
        ({"token_endpoint": "file:///etc/passwd"}, "metadata token_endpoint"),
        ({"token_endpoint": None}, "metadata token_endpoint"),
        ({"jwks_uri": "http://login.example.dk/jwks"}, "metadata jwks_uri"),
        ({"jwks_uri": ["http://localhost:9"]}, "metadata jwks_uri"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "metadata authorization_endpoint"),
        ({"authorization_endpoint": "https://user:pass@login.example.dk/"}, "metadata authorization_endpoint"),
        (
            {"authorization_endpoint": "https://login.example.dk/a\r\nSet-Cookie: x=y"},
            "metadata authorization_endpoint",
        ),
        ({"authorization_endpoint": "https://login.example.dk/#here"}, "metadata authorization_endpoint"),
        ({"userinfo_endpoint": "http://10.0.0.1/"}, "metadata userinfo_endpoint"),
        ({"response_types_supported": ["id_token"]}, "metadata response_types_supported"),
        ({"code_challenge_methods_supported": ["plain"]}, "metadata code_challenge_methods_supported"),
        (
            {"id_token_signing_alg_values_supported": ["none", "HS256"]},
            "metadata id_token_signing_alg_values_supported",
        ),
    ],
    ids=str,
)
def test_f_24_nobody_is_sent_to_a_provider_that_describes_itself_wrongly(
    mitid: MitId, shared_database: str, metadata: Claims, reason: str
) -> None:
    mitid.stub.metadata = metadata
    visitor = mitid.visitor()
    assert visitor.left_for is None
    assert visitor.heading == REFUSED
    assert refusals(shared_database, mitid.alias) == [reason]


def test_f_24_keys_that_are_swapped_under_the_same_name_are_not_believed(
    mitid: MitId, parent: Known, shared_database: str
) -> None:
    """The key set is remembered: who takes it over does not sign for anybody at once."""
    mitid.come_back(mitid.visitor(), {"cpr": parent.cpr})
    mitid.stub.jwks = {"keys": [{**OTHER_KEY.public_jwk(), "kid": mitid.stub.key.kid}]}
    visitor = mitid.visitor()
    mitid.come_back(visitor, {"cpr": parent.cpr}, sign=lambda told: header(told, OTHER_KEY, kid=mitid.stub.key.kid))
    assert visitor.heading == REFUSED
    assert refusals(shared_database, mitid.alias) == ["signature"]


def test_keys_that_are_new_are_fetched_at_most_once_a_minute(mitid: MitId, parent: Known) -> None:
    """A token with an invented key id does not make us ask for ever."""
    for _ in range(3):
        mitid.come_back(mitid.visitor(), {"cpr": parent.cpr}, sign=OTHER_KEY.sign)
    assert mitid.stub.asked.count(JWKS) == 1
    assert mitid.stub.asked.count(DISCOVERY) == 1


def test_two_keys_of_one_name_sign_for_nobody(mitid: MitId, parent: Known) -> None:
    mitid.stub.jwks = {
        "keys": [mitid.stub.key.public_jwk(), {**OTHER_KEY.public_jwk(), "kid": mitid.stub.key.kid}],
    }
    visitor = mitid.visitor()
    mitid.come_back(visitor, {"cpr": parent.cpr})
    assert visitor.heading == REFUSED


def test_f_24_userinfo_that_names_another_person_than_the_id_token_is_refused(
    mitid: MitId, parent: Known, shared_database: str
) -> None:
    visitor = mitid.visitor()
    mitid.come_back(visitor, {"cpr": parent.cpr}, userinfo={"cpr": new_cpr()})
    assert visitor.heading == REFUSED
    assert refusals(shared_database, mitid.alias) == ["cpr told twice"]


def test_f_24_without_a_cpr_number_nobody_comes_in(mitid: MitId, parent: Known) -> None:
    visitor = mitid.visitor()
    mitid.come_back(visitor, {"name": "Test Prøve", "email": "test@example.dk"})
    assert visitor.heading == "MitID fortalte os ikke, hvem du er"


@pytest.mark.parametrize(
    "acr",
    [None, "", "https://data.gov.dk/concept/core/nsis/loa/Low", "substantial", ["x"], 3],
    ids=str,
)
def test_a_level_below_substantial_is_not_enough(mitid: MitId, parent: Known, acr: object) -> None:
    visitor = mitid.visitor()
    mitid.come_back(visitor, {"cpr": parent.cpr}, lie=saying(acr=acr))
    assert visitor.heading == "Det skal være lidt sikrere"


@pytest.mark.parametrize(
    "behaviour",
    [Behaviour(status=503), Behaviour(status=500, body=b"<html>"), Behaviour(status=429), Behaviour(hang_up=True)],
    ids=["503", "500", "429", "hangs up"],
)
def test_f_22_a_provider_that_fails_at_the_code_is_told_in_plain_words(
    mitid: MitId, parent: Known, behaviour: Behaviour
) -> None:
    visitor = mitid.visitor()
    mitid.stub.behaves[TOKEN] = behaviour
    mitid.come_back(visitor, {"cpr": parent.cpr})
    assert visitor.heading == SILENT
    visitor.open(str(visitor.document.xpath("//a[contains(@class, 'button')]/@href")[0]))
    assert visitor.document.xpath("//button[@value='uni_idp']"), "the other ways in are one press away"


def test_f_23_drip_by_drip_ends_after_eight_seconds(mitid: MitId, parent: Known) -> None:
    visitor = mitid.visitor()
    mitid.stub.behaves[TOKEN] = Behaviour(body=b" " * 10_000, drip=True)
    began = time.monotonic()
    mitid.come_back(visitor, {"cpr": parent.cpr})
    assert visitor.heading == SILENT
    assert 7 < time.monotonic() - began < 15
