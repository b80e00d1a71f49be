"""Every setting, read once from the environment by ``load_settings(os.environ)`` and then passed in.

A setting nobody knows, a value that is misspelt and a value that is dangerous all refuse to start, with a sentence that
says what to do (style rule 21). An empty value is refused too: it is what a failed template leaves behind, and taken as
"not set" it would quietly start on a second, empty database.
"""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit

from annotated_types import Ge, Le
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo
from pydantic.fields import FieldInfo

from unilogin.kit.addresses import is_loopback
from unilogin.kit.errors import SetupError
from unilogin.kit.mailboxes import Tls, is_address
from unilogin.kit.values import checked_address, checked_base_url, checked_database_url, checked_role, parts_of
from unilogin.kit.web.peer import read_proxies

PREFIX = "UNILOGIN_"
PLAIN_DATABASE_URL = "DATABASE_URL"
"""Accepted beside ``UNILOGIN_DATABASE_URL``, because every platform sets it."""


class SettingsError(SetupError):
    """A setting is unknown, misspelt or dangerous; the sentence names it and says what to do."""

    code = "settings"


def _checked_database_url(value: SecretStr) -> SecretStr:
    checked_database_url(value.get_secret_value())
    return value


def _checked_proxies(value: str) -> str:
    read_proxies(value)
    return value


def _checked_mail_tls(value: Tls, info: ValidationInfo) -> Tls:
    if value == "none" and not is_loopback(info.data.get("smtp_host") or "localhost"):
        raise ValueError("starttls or implicit: only a mail server on this machine may be talked to in clear")
    return value


def _checked_mail_password(value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
    if (value is None) != (info.data.get("smtp_user") is None):
        raise ValueError(f"set both {name_of('smtp_user')} and this, or neither")
    return value


def _checked_mail_sender(value: str | None, info: ValidationInfo) -> str | None:
    if info.data.get("smtp_host") and value is None:
        raise ValueError("set it: letters to people come from an address, such as unilogin@example.dk")
    if value is not None and not is_address(value):
        raise ValueError("one address and nothing else, such as unilogin@example.dk")
    return value


DatabaseUrl = Annotated[SecretStr, AfterValidator(_checked_database_url)]

APPS = ("mit", "elevadgang", "elevadministration")
"""The apps that can be moved, by the first part of their addresses."""


def _checked_app_hosts(value: str, info: ValidationInfo) -> str:
    origins = _app_origins(value)
    home = urlsplit(info.data.get("base_url", ""))
    for path, origin in origins.items():
        if path[1:] not in APPS:
            raise ValueError(f"{path[1:]} is no app: the apps are {', '.join(APPS)}")
        checked_base_url(origin)
        if urlsplit(origin).scheme != home.scheme:
            raise ValueError("the apps are reached by the same scheme as the public address")
    if len({home.netloc, *(urlsplit(origin).netloc for origin in origins.values())}) <= len(origins):
        raise ValueError("give each app a host name of its own, another one than the public address")
    return value


def _app_origins(value: str) -> dict[str, str]:
    """Read ``mit=https://mit.example.dk``, several with commas between: path → origin."""
    pairs = [part.partition("=") for part in parts_of(value)]
    return {f"/{name}": origin for name, _, origin in pairs}


def _checked_namespaces(value: str) -> str:
    for name in parts_of(value):
        if not urlsplit(name).scheme or any(sign.isspace() for sign in name):
            raise ValueError(f"{name} is no namespace such as https://brugerdatabasen.stil.dk/bpi/wsaimport/8")
    return value


class Settings(BaseModel):
    """The settings of one process. Printing it shows no secret."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    database_url: DatabaseUrl | None = Field(
        default=None,
        description="The PostgreSQL server (15 or newer), as postgresql://user:password@host/database; several hosts "
        "with commas between them. To another machine it needs sslmode=verify-full. DATABASE_URL means the same. "
        "Without it Unilogin runs a PostgreSQL of its own in the data folder.",
    )
    migrate_database_url: DatabaseUrl | None = Field(
        default=None,
        description="The same database as its owner, for 'unilogin migrate' alone; without it DATABASE_URL is used.",
    )
    database_role: Annotated[str, AfterValidator(checked_role)] = Field(
        default="unilogin_run",
        description="The database role to work in: one that can neither change the schema nor rewrite the audit log. "
        "Empty: the user who connects, when that user is such a role already.",
    )
    data: Path = Field(
        default=Path("./var"),
        description="The folder for what Unilogin keeps on this machine: the secrets file and its own PostgreSQL.",
    )
    base_url: Annotated[str, AfterValidator(checked_base_url)] = Field(
        default="http://localhost:8000",
        description="The public address people and services use: scheme, host and port only. https, except localhost.",
    )
    app_hosts: Annotated[str, AfterValidator(_checked_app_hosts)] = Field(
        default="",
        description="The apps that have a host name of their own, with commas between, as mit=https://mit.example.dk. "
        "An app never sees the cookie of the sign-in there. Without it they all answer at the public address.",
    )
    secrets_file: Path | None = Field(
        default=None,
        description="The file with the keys that are kept outside the database (mode 600). "
        "Without it: secrets.toml in the data folder.",
    )
    trusted_proxies: Annotated[str, AfterValidator(_checked_proxies)] = Field(
        default="",
        description="The addresses of your own proxies and load balancers, with commas between, such as 10.0.0.0/24: "
        "what they say in X-Forwarded-For about where a request came from is believed. Nobody else's word is.",
    )
    pool_size: int = Field(
        default=8, ge=1, le=200, description="Connections to the database that each worker holds at most."
    )
    hash_slots: int = Field(
        default=0,
        ge=0,
        le=256,
        description="Passwords that each worker hashes at the same moment, 19 MiB of memory each. "
        "0: the cores divided among the workers, which 'unilogin serve' works out.",
    )
    internal_port: int = Field(
        default=9000,
        ge=0,
        le=65535,
        description="The port of /healthz and /readyz, for load balancers and monitoring. 0 turns it off.",
    )
    internal_host: Annotated[str, AfterValidator(checked_address)] = Field(
        default="127.0.0.1",
        description="The address of this machine where the internal port listens. Never one the internet can reach.",
    )
    drain_seconds: int = Field(
        default=0,
        ge=0,
        le=300,
        description="How many seconds it goes on answering after SIGTERM while /readyz says that it stops: as many as "
        "your load balancers need to notice. 0: it stops at once, as it does at a second SIGTERM.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least important thing that is logged."
    )
    log_format: Literal["json", "readable"] = Field(
        default="json", description="One JSON object a line for machines, or lines for a person at a terminal."
    )
    password_policy: Literal["modern", "stil"] = Field(
        default="modern",
        description="What is demanded of a chosen password. modern: 8 to 128 characters of any kind, never too old. "
        "stil: 8 to 24, from grade 7 with a capital, a small letter and a digit, and changed once a year.",
    )
    password_holders: Literal["classic", "dk-2026"] = Field(
        default="classic",
        description="Who may sign in with a Unilogin password. classic: everybody. dk-2026: pupils; staff, externals "
        "and parents use MitID or a local login.",
    )
    roster_namespaces: Annotated[str, AfterValidator(_checked_namespaces)] = Field(
        default="",
        description="Further namespaces that UNILoginImport documents may be in, with commas between: that of "
        "version 8 is not published. The known ones are always taken.",
    )
    revocation_lists: Path | None = Field(
        default=None,
        description="A file or a folder with revocation lists (CRL) of the authorities that issue senders' "
        "certificates, which a script of yours keeps up to date. What they name is believed no more. "
        "Without it only what an operator removes.",
    )
    upload_megabytes: int = Field(
        default=200, ge=1, le=200, description="The largest roster file taken by HTTPS, packed or not."
    )
    smtp_host: str | None = Field(
        default=None,
        description="The mail server that takes letters to people about their sign-in. "
        "Without one they are told on their own page alone, and letters are kept as not sent.",
    )
    smtp_port: int = Field(default=587, ge=1, le=65535, description="The mail server's port; 465 for implicit TLS.")
    smtp_tls: Annotated[Tls, AfterValidator(_checked_mail_tls)] = Field(
        default="starttls",
        description="How the way to the mail server is made safe; its certificate is checked. "
        "none only for one on this machine.",
    )
    smtp_user: str | None = Field(default=None, description="The user at the mail server, if it asks for one.")
    smtp_password: Annotated[SecretStr | None, AfterValidator(_checked_mail_password)] = Field(
        default=None, validate_default=True, description="That user's password."
    )
    smtp_sender: Annotated[str | None, AfterValidator(_checked_mail_sender)] = Field(
        default=None, validate_default=True, description="The address letters come from, and failed ones return to."
    )
    demo: bool = Field(
        default=False,
        description="Set by 'unilogin demo' for the processes it starts, never by hand: "
        "it opens pages that show passwords, and is refused on a database that is not a demo's.",
    )

    @property
    def dsn(self) -> str:
        """The address of the database, for connecting only: it may hold a password.

        Raises:
            SettingsError: none is set; ``unilogin serve`` sets it for its workers when it runs the embedded one.
        """
        if self.database_url is None:
            raise SettingsError(f"{PLAIN_DATABASE_URL} is not set: start the server with 'unilogin serve'")
        return self.database_url.get_secret_value()

    @property
    def app_origins(self) -> dict[str, str]:
        """Where an app's addresses begin → the origin it was moved to."""
        return _app_origins(self.app_hosts)

    @property
    def more_namespaces(self) -> tuple[str, ...]:
        """The namespaces of rosters beyond those every release knows."""
        return tuple(parts_of(self.roster_namespaces))

    @property
    def role(self) -> str | None:
        """The role every connection works in; None to stay the user who connects."""
        return self.database_role or None

    @property
    def secrets_path(self) -> Path:
        """Where the secrets file is, given or by default."""
        return self.secrets_file or self.data / "secrets.toml"


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings from an environment.

    Raises:
        SettingsError: every unknown, empty or refused setting, one sentence a line.
    """
    given = {name: value for name, value in environ.items() if name.upper().startswith(PREFIX)}
    if plain := environ.get(PLAIN_DATABASE_URL):
        if given.setdefault(name_of("database_url"), plain) != plain:
            raise SettingsError(f"{PLAIN_DATABASE_URL} and {name_of('database_url')} differ: set only one of them")
    elif plain is not None:
        raise SettingsError(_empty(PLAIN_DATABASE_URL))
    wrong = [_unknown(name) for name in given if name not in NAMES]
    wrong += [_empty(name) for name, value in given.items() if not value and name in NAMES.keys() - _MAY_BE_EMPTY]
    if wrong:
        raise SettingsError("\n".join(wrong))
    try:
        return Settings.model_validate({NAMES[name]: value for name, value in given.items()})
    except ValidationError as error:
        # "from None": the original shows the values it refused, and one of them may hold a password.
        raise SettingsError("\n".join(_sentence(problem) for problem in _problems(error))) from None


def name_of(field: str) -> str:
    """Return the name of a setting in the environment."""
    return PREFIX + field.upper()


NAMES: Mapping[str, str] = {name_of(field): field for field in Settings.model_fields}
"""Every setting's name in the environment, and its field."""

_MAY_BE_EMPTY = frozenset({name_of("database_role")})


def allowed(field: FieldInfo) -> str:
    """Say in words which values a setting may have."""
    if field.annotation is bool:
        return "yes or no"
    if field.annotation is int:
        least = next(bound.ge for bound in field.metadata if isinstance(bound, Ge))
        most = next(bound.le for bound in field.metadata if isinstance(bound, Le))
        return f"a whole number from {least} to {most}"
    if words := get_args(field.annotation):
        if all(isinstance(word, str) for word in words):
            return ", ".join(words[:-1]) + f" or {words[-1]}"
        if Path in words:
            return "a path"
    return "a path" if field.annotation is Path else "text"


def _problems(error: ValidationError) -> list[tuple[str, str | None]]:
    """Each refused field, with the sentence of its own check if that refused it."""
    return [
        (str(problem["loc"][0]), str(problem["ctx"]["error"]) if problem["type"] == "value_error" else None)
        for problem in error.errors(include_url=False)
    ]


def _sentence(problem: tuple[str, str | None]) -> str:
    field, sentence = problem
    return f"{name_of(field)}: {sentence or f'it must be {allowed(Settings.model_fields[field])}'}."


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(
        name.upper().removeprefix(PREFIX), (field.upper() for field in Settings.model_fields)
    )
    if near:
        return f"{name} is not a setting: did you mean {PREFIX}{near[0]}?"
    return f"{name} is not a setting; the settings are {', '.join(NAMES)}."


def _empty(name: str) -> str:
    return f"{name} is empty: give it a value, or leave it out."
