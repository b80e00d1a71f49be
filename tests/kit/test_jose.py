"""The door to JOSE: what it signs it verifies, and nothing else gets through."""

import base64
import json
import time

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from unilogin.kit.jose import SigningKey, TokenRefusedError, published_keys, verify

KEY = SigningKey.generate("RS256")
SMALL = SigningKey.generate("ES256")
KEYS = [KEY.public_jwk(), SMALL.public_jwk()]


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize("key", [KEY, SMALL])
def test_what_is_signed_is_verified(key: SigningKey) -> None:
    assert verify(key.sign({"sub": "x"}), keys=KEYS) == {"sub": "x"}


@pytest.mark.parametrize("key", [KEY, SMALL])
def test_a_key_survives_being_stored(key: SigningKey) -> None:
    again = SigningKey.from_pem(key.pem(), algorithm=key.algorithm)
    assert again.kid == key.kid
    assert verify(again.sign({"n": 1}), keys=KEYS) == {"n": 1}


def test_the_published_half_holds_nothing_private() -> None:
    assert not {"d", "p", "q", "dp", "dq", "qi"} & (KEY.public_jwk().keys() | SMALL.public_jwk().keys())


def test_v_60_a_public_key_is_no_hmac_secret() -> None:
    rsa = RSAKey.import_key(KEY.public_jwk())
    forms = [
        rsa.as_pem(private=False),
        rsa.as_pem(private=False).strip(),
        rsa.as_der(private=False),
        json.dumps(KEY.public_jwk()).encode(),
    ]
    for form in forms:
        header = {"alg": "HS256", "kid": KEY.kid, "typ": "JWT"}
        forged = jwt.encode(header, {"sub": "x"}, OctKey.import_key(base64.b64encode(form)), algorithms=["HS256"])
        with pytest.raises(TokenRefusedError):
            verify(forged, keys=KEYS)


def test_n_43_none_is_no_algorithm() -> None:
    for algorithm in ("none", "None", "NONE", "nOnE", ""):
        with pytest.raises(TokenRefusedError):
            verify(f"{part({'alg': algorithm})}.{part({'sub': 'x'})}.", keys=KEYS)


def test_n_43_a_key_signs_only_with_its_own_algorithm() -> None:
    header, body, signature = KEY.sign({"sub": "x"}).split(".")
    del header
    with pytest.raises(TokenRefusedError):
        verify(f"{part({'alg': 'PS256', 'kid': KEY.kid})}.{body}.{signature}", keys=KEYS)


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c"])
def test_v_61_a_key_in_the_header_is_not_used(name: str) -> None:
    stranger = SigningKey.generate("RS256")
    value: object = stranger.public_jwk() if name == "jwk" else "http://localhost:9/keys"
    if name == "x5c":
        value = ["MIIB"]
    header = {"alg": "RS256", "kid": KEY.kid, "typ": "JWT", name: value}
    forged = jwt.encode(header, {"sub": "x"}, stranger.key, algorithms=["RS256"])
    with pytest.raises(TokenRefusedError):
        verify(forged, keys=KEYS)


@pytest.mark.parametrize("crit", [["x"], ["b64"], [], "exp", 7, ["exp"]])
def test_v_62_a_critical_header_is_refused(crit: object) -> None:
    _, body, signature = KEY.sign({"sub": "x"}).split(".")
    header = part({"alg": "RS256", "kid": KEY.kid, "typ": "JWT", "crit": crit, "x": 1, "exp": 1})
    with pytest.raises(TokenRefusedError):
        verify(f"{header}.{body}.{signature}", keys=KEYS)


@pytest.mark.parametrize(
    "token", ["A" * 1_000_000 + ".B.C", "." * 10_000, "a.b.c.d.e", "", "..", "a.b", "é.b.c", "\x00.\x00.\x00"]
)
def test_v_63_what_cannot_be_a_token_costs_nothing(token: str) -> None:
    started = time.thread_time()
    with pytest.raises(TokenRefusedError):
        verify(token, keys=KEYS)
    assert time.thread_time() - started < 0.2


def test_n_45_a_token_of_another_kind_is_refused() -> None:
    with pytest.raises(TokenRefusedError):
        verify(KEY.sign({"sub": "x"}, typ="logout+jwt"), keys=KEYS)
    assert verify(KEY.sign({"sub": "x"}, typ="logout+jwt"), keys=KEYS, typ="logout+jwt")


def test_v_20_every_changed_or_shortened_token_is_refused() -> None:
    token = SMALL.sign({"sub": "x"})
    for position in range(0, len(token), 7):
        changed = "A" if token[position] != "A" else "B"
        with pytest.raises(TokenRefusedError):
            verify(token[:position] + changed + token[position + 1 :], keys=KEYS)
        with pytest.raises(TokenRefusedError):
            verify(token[:position], keys=KEYS)


def test_a_key_that_is_not_ours_is_refused() -> None:
    with pytest.raises(TokenRefusedError):
        verify(SigningKey.generate("ES256").sign({"sub": "x"}), keys=KEYS)


OURS = SigningKey.generate("RS256").public_jwk()
CURVE = SigningKey.generate("ES256").public_jwk()


@pytest.mark.parametrize(
    "entry",
    [
        {"kty": "oct", "k": "c2VjcmV0"},
        {**OURS, "use": "enc"},
        {**OURS, "alg": "HS256"},
        {**OURS, "alg": ["RS256"]},
        {**OURS, "key_ops": ["encrypt"]},
        {**OURS, "key_ops": "verify"},
        {**OURS, "kty": "EC"},
        {**OURS, "n": OURS["n"][:171]},  # 1024 bits
        {**OURS, "e": "AQ"},
        {**OURS, "n": 5},
        {name: value for name, value in OURS.items() if name != "n"},
        {**CURVE, "crv": "secp256k1"},
        {**CURVE, "x": CURVE["y"], "y": CURVE["x"]},
        {**CURVE, "kty": "OKP", "crv": "Ed25519"},
        "a key",
        None,
        [],
    ],
    ids=lambda entry: type(entry).__name__,
)
def test_f_24_keys_of_others_that_are_not_for_this_are_left_out(entry: object) -> None:
    assert published_keys({"keys": [entry, CURVE]}) == published_keys({"keys": [CURVE]})
    assert len(published_keys({"keys": [entry, CURVE]})) == 1


@pytest.mark.parametrize("document", [None, [], {}, {"keys": None}, {"keys": {"kid": "a"}}, "keys"])
def test_a_key_set_that_is_none_has_no_keys(document: object) -> None:
    assert published_keys(document) == []


def test_of_two_keys_of_one_name_neither_is_taken() -> None:
    other = {**SigningKey.generate("RS256").public_jwk(), "kid": OURS["kid"]}
    assert published_keys({"keys": [OURS, other, CURVE]}) == published_keys({"keys": [CURVE]})


def test_nothing_private_of_a_published_key_is_kept() -> None:
    private = {**OURS, "d": "c2VjcmV0", "p": "c2VjcmV0", "x5c": ["MIIB"], "jku": "http://localhost"}
    assert set(published_keys({"keys": [private]})[0]) == {"kty", "kid", "n", "e"}
