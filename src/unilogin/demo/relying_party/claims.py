"""Claims in the order a developer wants them: who, how sure, and the facts of the proof itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

SECTIONS = {
    "who": (
        "sub",
        "uniid",
        "aktoer_gruppe",
        "institution_ids",
        "has_license",
        "userHasLicense",
        "name",
        "given_name",
        "family_name",
        "inst_brugere",
    ),
    "sure": ("unilogin_loa", "loa", "acr", "amr", "auth_time"),
    "proof": (
        "iss",
        "aud",
        "azp",
        "typ",
        "iat",
        "exp",
        "nonce",
        "at_hash",
        "jti",
        "sid",
        "session_state",
        "broker_id",
        "spec_ver",
    ),
}
MOMENTS = {"auth_time", "iat", "exp", "nbf"}


@dataclass(frozen=True, slots=True)
class Row:
    """One claim as it is shown; `moment` is a time in words beside the number."""

    name: str
    value: str
    moment: str | None


@dataclass(frozen=True, slots=True)
class Section:
    """Claims that answer the same question; `code` finds its heading."""

    code: str
    rows: tuple[Row, ...]


def in_order(claims: Mapping[str, object]) -> list[Section]:
    """Every claim exactly once; those nobody here has heard of come last, as `other`."""
    known = {name for names in SECTIONS.values() for name in names}
    sections = {**SECTIONS, "other": tuple(name for name in claims if name not in known)}
    shown = (
        Section(code, tuple(_row(name, claims[name]) for name in names if name in claims))
        for code, names in sections.items()
    )
    return [section for section in shown if section.rows]


def _row(name: str, value: object) -> Row:
    moment = None
    if name in MOMENTS and isinstance(value, int):
        moment = f"{datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M:%S} UTC"
    return Row(name, value if isinstance(value, str) else repr_json(value), moment)


def repr_json(value: object, *, indent: int | None = None) -> str:
    """JSON as people read it, with æ, ø and å as themselves."""
    return json.dumps(value, ensure_ascii=False, indent=indent, default=str)
