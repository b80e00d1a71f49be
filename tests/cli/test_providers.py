"""What an operator types about providers such as MitID."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.provider import DISCOVERY, JWKS, Behaviour, StubProvider, stub_provider
from tests.builders.running import run
from tests.cli.conftest import Told, Unilogin
from unilogin.kit.db.connection import connect
from unilogin.kit.secrets import Secrets
from unilogin.protocols.oidc_rp.actions import open_secret
from unilogin.protocols.oidc_rp.queries import registered

REDIRECT_URI = "http://localhost:8000/auth/realms/broker/broker/nemlogin3/endpoint"
SECRET = "kun mellem os 7"


@pytest.fixture
def stub() -> Iterator[StubProvider]:
    with stub_provider() as running:
        yield running


@pytest.fixture
def secret_file(tmp_path: Path) -> str:
    path = tmp_path / "client-secret"
    path.write_text(f"{SECRET}\n")
    return str(path)


def add(unilogin: Unilogin, stub: StubProvider, secret_file: str, *more: str) -> Told:
    return unilogin(
        *("providers", "add", "nemlogin3", "--issuer", stub.issuer, "--client-id", stub.client_id),
        *("--secret-file", secret_file, *more),
    )


def kept_secret(dsn: str, secrets: Secrets) -> str:
    async def go() -> str:
        connection = await connect(dsn)
        try:
            found = await registered(connection, "nemlogin3")
        finally:
            await connection.close()
        assert found is not None
        assert SECRET.encode() not in found.secret_sealed
        assert SECRET not in repr(found)
        return open_secret(secrets, found)

    return run(go())


def test_a_provider_is_added_listed_changed_disabled_and_enabled(
    unilogin: Unilogin, stub: StubProvider, secret_file: str, database: str, secrets: Secrets
) -> None:
    assert unilogin("providers", "list", "--json").json == []
    added = add(unilogin, stub, secret_file, "--preset", "nets", "--name-en", "Danish MitID")
    assert added.code == 0
    assert REDIRECT_URI in added.out
    assert kept_secret(database, secrets) == SECRET
    told = unilogin("providers", "list", "--json").json
    assert told == [
        {
            "alias": "nemlogin3",
            "name_da": "MitID",
            "name_en": "Danish MitID",
            "enabled": True,
            "issuer": stub.issuer,
            "client_id": stub.client_id,
            "preset": "nets",
            "scopes": "openid mitid ssn nemlogin",
            "acr_values": "",
            "rights": {},
            "redirect_uri": REDIRECT_URI,
        }
    ]
    changed = unilogin(
        *("providers", "change", "nemlogin3", "--scopes", "openid mitid ssn", "--name-da", "MitID her"),
        *("--right", "urn:dk:x=Brugeradministrator i Elevadgang"),
    )
    assert changed.code == 0, changed.err
    assert kept_secret(database, secrets) == SECRET
    told = unilogin("providers", "list", "--json").json[0]
    assert told["scopes"] == "openid mitid ssn"
    assert told["name_da"] == "MitID her"
    assert told["name_en"] == "Danish MitID"
    assert told["rights"] == {"urn:dk:x": "Brugeradministrator i Elevadgang"}
    assert "is disabled" in unilogin("providers", "disable", "nemlogin3").out
    assert "was disabled already" in unilogin("providers", "disable", "nemlogin3").out
    assert not unilogin("providers", "list", "--json").json[0]["enabled"]
    assert "is offered" in unilogin("providers", "enable", "nemlogin3").out
    events = run(events_of(database))
    assert events == ["provider.created", "provider.changed", "provider.disabled", "provider.changed"]


async def events_of(dsn: str) -> list[str]:
    connection = await connect(dsn)
    try:
        rows = await connection.fetch(
            "select action from audit_event where object = 'nemlogin3' and actor_kind = 'operator' order by sequence"
        )
        return [row["action"] for row in rows]
    finally:
        await connection.close()


def test_the_secret_is_read_from_standard_input_and_changed_by_a_file_alone(
    unilogin: Unilogin, stub: StubProvider, tmp_path: Path, database: str, secrets: Secrets
) -> None:
    words = ("providers", "add", "nemlogin3", "--issuer", stub.issuer, "--client-id", "u", "--secret-file", "-")
    assert unilogin(*words, stdin=f"{SECRET}\n").code == 0
    assert kept_secret(database, secrets) == SECRET
    other = tmp_path / "other"
    other.write_text("en anden 8")
    assert unilogin("providers", "change", "nemlogin3", "--secret-file", str(other)).code == 0
    assert kept_secret(database, secrets) == "en anden 8"


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--issuer", "http://login.example.dk"), "must be an https address"),
        (("--issuer", "https://login.example.dk/?a=b"), "must be an https address"),
        (("--issuer", "https://user@login.example.dk"), "must be an https address"),
        (("--preset", "google"), "there is no preset 'google': plain, nets, idura, oiosaml"),
        (("--scopes", "mitid"), "openid is one of them"),
        (("--scopes", "openid  mitid"), "separated by one space"),
        (("--client-id", "ø"), "the client id is"),
        (("--right", "Brugeradministrator"), "write a right as"),
        (("--right", "x=Konge"), "write a right as"),
        (("--secret-file", "/no/such/file"), "cannot be read"),
        (("--secret-file", "/dev/null"), "the client secret is"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_with_a_sentence(
    unilogin: Unilogin, stub: StubProvider, secret_file: str, more: tuple[str, str], sentence: str
) -> None:
    told = add(unilogin, stub, secret_file, *more)
    assert told.code == 1
    assert sentence in told.err
    assert unilogin("providers", "list", "--json").json == []


@pytest.mark.parametrize("alias", ["Nemlogin3", "x", "3x", "a_b", "a" * 33, "../x", "uni_idp"])
def test_an_alias_is_small_letters_digits_and_hyphens(
    unilogin: Unilogin, stub: StubProvider, secret_file: str, alias: str
) -> None:
    told = unilogin(
        *("providers", "add", alias, "--issuer", stub.issuer, "--client-id", "u", "--secret-file", secret_file)
    )
    assert told.code == 1
    assert "the alias is" in told.err


def test_an_alias_is_given_once_and_an_unknown_one_is_named(
    unilogin: Unilogin, stub: StubProvider, secret_file: str
) -> None:
    assert add(unilogin, stub, secret_file).code == 0
    again = add(unilogin, stub, secret_file)
    assert again.code == 1
    assert "is taken" in again.err
    for words in (("change", "nobody"), ("disable", "nobody"), ("check", "nobody")):
        told = unilogin("providers", *words)
        assert told.code == 1
        assert "there is no provider 'nobody'" in told.err


def test_a_server_of_its_own_calls_nothing_on_this_machine(
    unilogin: Unilogin, stub: StubProvider, secret_file: str
) -> None:
    words = ("providers", "add", "nemlogin3", "--issuer", stub.issuer, "--client-id", "u", "--secret-file", secret_file)
    told = unilogin(*words, UNILOGIN_BASE_URL="https://login.example.dk")
    assert told.code == 1
    assert "must be an https address" in told.err


def test_check_tries_what_a_sign_in_needs(unilogin: Unilogin, stub: StubProvider, secret_file: str) -> None:
    add(unilogin, stub, secret_file)
    told = unilogin("providers", "check", "nemlogin3", "--json").json
    assert told["issuer"] == stub.issuer
    assert told["usable_keys"] == 1
    assert told["redirect_uri"] == REDIRECT_URI
    assert "token_endpoint" in unilogin("providers", "check", "nemlogin3").out


@pytest.mark.parametrize(
    ("path", "behaviour", "sentence"),
    [
        (DISCOVERY, Behaviour(status=500), "does not answer (500)"),
        (DISCOVERY, Behaviour(status=404), "cannot be read (404)"),
        (DISCOVERY, Behaviour(body=b"<html>"), "cannot be read (json)"),
        (DISCOVERY, Behaviour(body=b"{}"), "cannot be used (metadata issuer)"),
        (JWKS, Behaviour(body=b'{"keys": []}'), "publishes no key"),
    ],
)
def test_check_says_what_is_wrong(
    unilogin: Unilogin, stub: StubProvider, secret_file: str, path: str, behaviour: Behaviour, sentence: str
) -> None:
    add(unilogin, stub, secret_file)
    stub.behaves[path] = behaviour
    told = unilogin("providers", "check", "nemlogin3")
    assert told.code == 1
    assert sentence in told.err


def test_check_says_when_the_secrets_file_is_another(
    unilogin: Unilogin, stub: StubProvider, secret_file: str, tmp_path: Path
) -> None:
    add(unilogin, stub, secret_file)
    other = tmp_path / "other.toml"
    assert unilogin("keys", "create-secrets", UNILOGIN_SECRETS_FILE=str(other)).code == 0
    told = unilogin("providers", "check", "nemlogin3", UNILOGIN_SECRETS_FILE=str(other))
    assert told.code == 1
    assert "cannot be opened" in told.err
