"""Settings: what is unknown, misspelt or dangerous does not start, and nothing secret is ever shown."""

from pathlib import Path

import pytest

from unilogin.kit.values import without_password
from unilogin.settings import NAMES, Settings, SettingsError, load_settings

PASSWORD = "tyvstjaaler"


def refusal(**environ: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(environ)
    return str(caught.value)


def test_without_any_setting_it_is_a_laptop_with_its_own_database() -> None:
    settings = load_settings({"PATH": "/bin", "HOME": "/home/anna"})
    assert settings.database_url is None
    assert settings.base_url == "http://localhost:8000"
    assert settings.secrets_path == Path("var/secrets.toml")
    assert (settings.role, settings.demo) == ("unilogin_run", False)


def test_every_setting_can_be_given() -> None:
    settings = load_settings(
        {
            "UNILOGIN_DATABASE_URL": "postgresql://run@db.kommune.dk/unilogin?sslmode=verify-full",
            "UNILOGIN_MIGRATE_DATABASE_URL": "postgresql://owner@db.kommune.dk/unilogin?sslmode=verify-full",
            "UNILOGIN_DATABASE_ROLE": "",
            "UNILOGIN_DATA": "/srv/unilogin",
            "UNILOGIN_BASE_URL": "https://login.kommune.dk",
            "UNILOGIN_APP_HOSTS": "mit=https://mit.kommune.dk",
            "UNILOGIN_SECRETS_FILE": "/etc/unilogin/secrets.toml",
            "UNILOGIN_TRUSTED_PROXIES": "10.0.0.0/24",
            "UNILOGIN_HASH_SLOTS": "2",
            "UNILOGIN_POOL_SIZE": "20",
            "UNILOGIN_INTERNAL_PORT": "0",
            "UNILOGIN_INTERNAL_HOST": "10.0.0.4",
            "UNILOGIN_DRAIN_SECONDS": "10",
            "UNILOGIN_LOG_LEVEL": "warning",
            "UNILOGIN_LOG_FORMAT": "readable",
            "UNILOGIN_PASSWORD_POLICY": "stil",
            "UNILOGIN_PASSWORD_HOLDERS": "dk-2026",
            "UNILOGIN_ROSTER_NAMESPACES": "https://brugerdatabasen.stil.dk/bpi/wsaimport/8/data",
            "UNILOGIN_UPLOAD_MEGABYTES": "50",
            "UNILOGIN_REVOCATION_LISTS": "/etc/unilogin/revoked",
            "UNILOGIN_SMTP_HOST": "mail.kommune.dk",
            "UNILOGIN_SMTP_PORT": "465",
            "UNILOGIN_SMTP_TLS": "implicit",
            "UNILOGIN_SMTP_USER": "unilogin",
            "UNILOGIN_SMTP_PASSWORD": "hemmelig",
            "UNILOGIN_SMTP_SENDER": "unilogin@kommune.dk",
            "UNILOGIN_DEMO": "yes",
        }
    )
    assert settings.model_fields_set == set(Settings.model_fields)
    assert settings.role is None
    assert settings.secrets_path == Path("/etc/unilogin/secrets.toml")
    assert settings.dsn == "postgresql://run@db.kommune.dk/unilogin?sslmode=verify-full"


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in Settings.model_fields.items() if not (field.description or "").endswith(".")] == []


@pytest.mark.parametrize("name", ["UNILOGIN_SESION_HOURS", "UNILOGIN_", "unilogin_nothing_like_it"])
def test_a_setting_nobody_knows_does_not_start(name: str) -> None:
    assert refusal(**{name: "1"}).startswith(f"{name} is not a setting")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("UNILOGIN_BASEURL", "UNILOGIN_BASE_URL"),
        ("UNILOGIN_DATABSE_URL", "UNILOGIN_DATABASE_URL"),
        ("unilogin_demo", "UNILOGIN_DEMO"),
        ("UNILOGIN_POOLSIZE", "UNILOGIN_POOL_SIZE"),
    ],
)
def test_a_misspelt_setting_is_told_the_nearest_name(name: str, meant: str) -> None:
    assert refusal(**{name: "1"}) == f"{name} is not a setting: did you mean {meant}?"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("UNILOGIN_POOL_SIZE", "many", "a whole number from 1 to 200"),
        ("UNILOGIN_POOL_SIZE", "0", "a whole number from 1 to 200"),
        ("UNILOGIN_INTERNAL_PORT", "70000", "a whole number from 0 to 65535"),
        ("UNILOGIN_LOG_LEVEL", "loud", "debug, info, warning or error"),
        ("UNILOGIN_LOG_FORMAT", "xml", "json or readable"),
        ("UNILOGIN_DEMO", "perhaps", "yes or no"),
        ("UNILOGIN_INTERNAL_HOST", "localhost", "an IP address of this machine, such as 127.0.0.1"),
        ("UNILOGIN_DATABASE_ROLE", "run; drop table", "small letters, digits and underscores"),
        ("UNILOGIN_DATABASE_URL", "mysql://localhost/x", "it must begin with postgresql://"),
        ("UNILOGIN_DATABASE_URL", "postgresql:///unilogin", "name the server"),
    ],
)
def test_a_misspelt_value_is_told_what_is_allowed(name: str, value: str, told: str) -> None:
    sentence = refusal(**{name: value})
    assert sentence.startswith(f"{name}: ")
    assert told in sentence


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert len(refusal(UNILOGIN_POOL_SIZE="x", UNILOGIN_LOG_LEVEL="x", UNILOGIN_BASE_URL="x").splitlines()) == 3


@pytest.mark.parametrize("name", [*sorted(NAMES.keys() - {"UNILOGIN_DATABASE_ROLE"}), "DATABASE_URL"])
def test_an_empty_value_is_not_taken_for_none(name: str) -> None:
    assert refusal(**{name: ""}) == f"{name} is empty: give it a value, or leave it out."


@pytest.mark.parametrize(
    "address",
    [
        "https://login.kommune.dk",
        "https://login.kommune.dk:8443",
        "http://localhost:8000",
        "http://127.0.0.1",
        "http://[::1]:80",
    ],
)
def test_a_public_address_is_an_origin(address: str) -> None:
    assert load_settings({"UNILOGIN_BASE_URL": address.removesuffix(":80")}).base_url == address.removesuffix(":80")


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("http://login.kommune.dk", "must begin with https://"),
        ("http://localhost.kommune.dk", "must begin with https://"),
        ("http://127.0.0.1.kommune.dk", "must begin with https://"),
        ("https://login.kommune.dk/", "write it as https://login.kommune.dk"),
        ("https://LOGIN.kommune.dk", "write it as https://login.kommune.dk"),
        ("https://login.kommune.dk:443", "write it as https://login.kommune.dk"),
        ("https://login.kommune.dk/auth?x#y", "write it as https://login.kommune.dk"),
        ("https://anna@login.kommune.dk", "write it as https://login.kommune.dk"),
        ("https://skæg.dk", "write it as https://xn--skg-zla.dk"),
        ("login.kommune.dk", "write it as https://login.example.dk"),
        ("https://", "write it as https://login.example.dk"),
        ("https://[::1", "write it as https://login.example.dk"),
        ("https://login.kommune.dk:99999", "write it as https://login.example.dk"),
        ("javascript://login.kommune.dk", "write it as https://login.example.dk"),
    ],
)
def test_another_public_address_is_refused(address: str, told: str) -> None:
    assert told in refusal(UNILOGIN_BASE_URL=address)


@pytest.mark.parametrize(
    ("hosts", "told"),
    [
        ("elevtavle=https://tavle.kommune.dk", "elevtavle is no app"),
        ("https://mit.kommune.dk", "is no app"),
        ("mit=https://mit.kommune.dk/", "write it as https://mit.kommune.dk"),
        ("mit=http://mit.kommune.dk", "must begin with https://"),
        ("mit=", "write it as https://login.example.dk"),
        ("mit=http://localhost:8001", "by the same scheme"),
        ("mit=https://login.kommune.dk", "another one than the public address"),
    ],
)
def test_an_app_is_moved_to_a_host_of_its_own_or_not_at_all(hosts: str, told: str) -> None:
    assert told in refusal(UNILOGIN_BASE_URL="https://login.kommune.dk", UNILOGIN_APP_HOSTS=hosts)


def test_a_moved_app_is_at_its_host() -> None:
    given = {"UNILOGIN_BASE_URL": "https://login.kommune.dk", "UNILOGIN_APP_HOSTS": "mit=https://mit.kommune.dk"}
    assert load_settings(given).app_origins == {"/mit": "https://mit.kommune.dk"}


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://run@localhost/unilogin",
        "postgresql://run@127.0.0.1:5433,[::1]:5433/unilogin",
        "postgresql://run@/unilogin?host=/run/postgresql",
        "postgresql://run@one.dk:5432,two.dk:5432/unilogin?sslmode=verify-full&target_session_attrs=read-write",
    ],
)
def test_a_database_is_on_this_machine_or_reached_by_verified_tls(url: str) -> None:
    assert load_settings({"DATABASE_URL": url}).dsn == url


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://run@db.kommune.dk/unilogin",
        "postgresql://run@localhost,db.kommune.dk/unilogin",
        "postgresql://run@/unilogin?host=db.kommune.dk",
        "postgresql://run@/unilogin?host=/run/postgresql&host=db.kommune.dk",
        "postgresql://run@db.kommune.dk/unilogin?sslmode=require",
        "postgresql://run@db.kommune.dk/unilogin?sslmode=verify-full&sslmode=disable",
    ],
)
def test_a_database_on_the_network_without_verified_tls_is_refused(url: str) -> None:
    assert "sslmode=verify-full" in refusal(DATABASE_URL=url)


def test_two_different_databases_are_refused() -> None:
    urls = {"DATABASE_URL": "postgresql://a@localhost/x", "UNILOGIN_DATABASE_URL": "postgresql://b@localhost/x"}
    assert "differ" in refusal(**urls)


def test_the_same_database_by_both_names_is_accepted() -> None:
    url = "postgresql://a@localhost/x"
    assert load_settings({"DATABASE_URL": url, "UNILOGIN_DATABASE_URL": url}).dsn == url


def test_no_setting_is_printed_with_its_password() -> None:
    settings = load_settings({"DATABASE_URL": f"postgresql://run:{PASSWORD}@localhost/unilogin"})
    assert PASSWORD not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://run:{PASSWORD}@db.kommune.dk/unilogin",
        f"postgresql://run:x/{PASSWORD}@localhost/unilogin",
        f"postgresql://{PASSWORD}:{PASSWORD}@@[db/unilogin",
        f"postgresql://run:[{PASSWORD}]@localhost]/unilogin",
        f"mysql://run:{PASSWORD}@localhost/x",
        f"postgresql://run:\u2100{PASSWORD}@localhost/x",
    ],
)
def test_a_refused_database_url_is_not_quoted(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"DATABASE_URL": url})
    assert PASSWORD not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"postgresql://run:{PASSWORD}@db/x", "postgresql://run:***@db/x"),
        (f"postgresql://run:a@b:{PASSWORD}@db/x", "postgresql://run:***@db/x"),
        (
            f"postgresql://run@db/x?password={PASSWORD}&sslmode=verify-full",
            "postgresql://run@db/x?password=***&sslmode=verify-full",
        ),
        ("postgresql://run@db:5432/x", "postgresql://run@db:5432/x"),
    ],
)
def test_a_database_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert without_password(url) == shown


@pytest.mark.parametrize(
    ("value", "sentence"),
    [("10.0.0.0/24, ::1", ""), ("everybody", "no address"), ("0.0.0.0/0", "believe everybody")],
)
def test_rt_12_only_named_proxies_are_believed(value: str, sentence: str) -> None:
    environ = {"UNILOGIN_TRUSTED_PROXIES": value}
    if sentence:
        with pytest.raises(SettingsError, match=sentence):
            load_settings(environ)
    else:
        assert load_settings(environ).trusted_proxies == value


MAIL = {"UNILOGIN_SMTP_HOST": "mail.kommune.dk", "UNILOGIN_SMTP_SENDER": "unilogin@kommune.dk"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"UNILOGIN_SMTP_HOST": "mail.kommune.dk"}, "UNILOGIN_SMTP_SENDER: set it"),
        (MAIL | {"UNILOGIN_SMTP_SENDER": "Skolen <unilogin@kommune.dk>"}, "one address and nothing else"),
        (MAIL | {"UNILOGIN_SMTP_SENDER": "unilogin@kommune.dk\r\nBcc: x@y.dk"}, "one address and nothing else"),
        (MAIL | {"UNILOGIN_SMTP_TLS": "none"}, "only a mail server on this machine"),
        (MAIL | {"UNILOGIN_SMTP_TLS": "sometimes"}, "it must be starttls, implicit or none"),
        (MAIL | {"UNILOGIN_SMTP_USER": "unilogin"}, "UNILOGIN_SMTP_PASSWORD: set both"),
        (MAIL | {"UNILOGIN_SMTP_PASSWORD": "hemmelig"}, "set both"),
    ],
)
def test_letters_go_out_safely_or_it_does_not_start(given: dict[str, str], told: str) -> None:
    sentence = refusal(**given)
    assert told in sentence
    assert "hemmelig" not in sentence


def test_a_mail_server_on_this_machine_may_be_talked_to_in_clear() -> None:
    given = {"UNILOGIN_SMTP_HOST": "localhost", "UNILOGIN_SMTP_SENDER": "a@b.dk", "UNILOGIN_SMTP_TLS": "none"}
    assert load_settings(given).smtp_tls == "none"


def test_further_namespaces_of_rosters_are_told_apart() -> None:
    given = load_settings({"UNILOGIN_ROSTER_NAMESPACES": "urn:a, https://b.example/c"})
    assert given.more_namespaces == ("urn:a", "https://b.example/c")
    assert "is no namespace" in refusal(UNILOGIN_ROSTER_NAMESPACES="bpi/8")
    assert "from 1 to 200" in refusal(UNILOGIN_UPLOAD_MEGABYTES="201")
