"""The authorization request, parsed once at the door into a frozen type. Parsing decides nothing: ``checks`` does.

A parameter given twice is noted, an empty one is absent, an unknown one does not travel on (OAuth 2.1 §3.1).
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, TypeVar
from urllib.parse import quote, urlencode

from unilogin.domain.services.model import Level
from unilogin.protocols.oidc.levels import levels_of

Parameters = Mapping[str, Sequence[str]]
"""Names with all their values, as they came."""

_CPR = re.compile(  # a date, also with day + 60, and four characters more
    r"(?<![0-9A-Za-z])(?:[0-2][0-9]|3[01]|[6-8][0-9]|9[01])(?:0[1-9]|1[0-2])[0-9]{2}[- ]?[0-9A-Za-z]{4}(?![0-9A-Za-z])"
)
_MAX_AGE = re.compile(r"[0-9]{1,9}")
_MAX_CLAIMS_CHARACTERS = 4096
_MAX_HINT_CHARACTERS = 256

Value = TypeVar("Value")


class Prompt(StrEnum):
    """OpenID Connect Core §3.1.2.1. ``consent`` asks for nothing here: there is no consent screen."""

    NONE = "none"
    LOGIN = "login"
    CONSENT = "consent"
    SELECT_ACCOUNT = "select_account"


class ResponseMode(StrEnum):
    """How the answer travels: in the redirect's query, or posted by a page of ours."""

    QUERY = "query"
    FORM_POST = "form_post"


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What a service asks. Text is as it came; what could not be read is named in ``unreadable``."""

    KNOWN: ClassVar[tuple[str, ...]] = (
        *("response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "response_mode"),
        *("code_challenge", "code_challenge_method", "prompt", "max_age", "acr_values", "claims"),
        *("id_token_hint", "ui_locales", "login_hint", "request", "request_uri", "registration"),
    )
    """Every parameter that means something; the order is that of ``query``."""

    client_id: str
    redirect_uri: str
    response_type: str
    response_mode: str
    scope: frozenset[str]
    state: str
    nonce: str
    code_challenge: str
    code_challenge_method: str
    prompts: frozenset[Prompt]
    max_age: int | None
    essential_levels: tuple[Level, ...] | None
    wished_levels: tuple[Level, ...]
    id_token_hint: str
    ui_locales: str
    login_hint: str
    hint_held_cpr: bool
    request_objects: frozenset[str]
    repeated: frozenset[str]
    unreadable: frozenset[str]
    query: str
    """The request as a query of our own making: known parameters, each once."""

    @classmethod
    def parse(cls, parameters: Parameters) -> "AuthorizationRequest":
        """Return the request in these parameters; never raises."""
        given = {name: parameters[name][0] for name in cls.KNOWN if parameters.get(name, [""])[0]}
        unreadable: set[str] = set()
        hint_held_cpr = holds_cpr(given.get("login_hint", ""))
        if hint_held_cpr:  # B-O24: never kept, not even in the address the journey comes back to
            del given["login_hint"]

        def read(name: str, reader: Callable[[str], Value], absent: Value) -> Value:
            try:
                return reader(given[name]) if name in given else absent
            except ValueError:
                unreadable.add(name)
                return absent

        no_prompts: frozenset[Prompt] = frozenset()
        prompts = read("prompt", _prompts, no_prompts)
        max_age = read("max_age", _max_age, None)
        acr = read("claims", _acr_claim, _NOT_ASKED)
        levels, wished = levels_of(acr.values), levels_of(given.get("acr_values", "").split(" "))
        return cls(
            client_id=given.get("client_id", ""),
            redirect_uri=given.get("redirect_uri", ""),
            response_type=given.get("response_type", ""),
            response_mode=given.get("response_mode", ResponseMode.QUERY),
            scope=frozenset(given.get("scope", "").split(" ")) - {""},
            state=given.get("state", ""),
            nonce=given.get("nonce", ""),
            code_challenge=given.get("code_challenge", ""),
            code_challenge_method=given.get("code_challenge_method", ""),
            prompts=prompts,
            max_age=max_age,
            essential_levels=levels if acr.essential and acr.values else None,
            wished_levels=wished if acr.essential else levels or wished,
            id_token_hint=given.get("id_token_hint", ""),
            ui_locales=given.get("ui_locales", ""),
            login_hint=given.get("login_hint", "")[:_MAX_HINT_CHARACTERS],
            hint_held_cpr=hint_held_cpr,
            request_objects=frozenset(given) & {"request", "request_uri", "registration"},
            repeated=frozenset(name for name in cls.KNOWN if len(parameters.get(name, ())) > 1),
            unreadable=frozenset(unreadable),
            query=urlencode(given, quote_via=quote),
        )

    def wants(self, *prompts: Prompt) -> bool:
        """Tell whether any of these prompts was sent."""
        return not self.prompts.isdisjoint(prompts)


def holds_cpr(text: str) -> bool:
    """Tell whether a text holds what looks like a CPR number, also a replacement one (K-13)."""
    return _CPR.search(text) is not None


def _prompts(text: str) -> frozenset[Prompt]:
    return frozenset(Prompt(word) for word in text.split(" ") if word)


def _max_age(text: str) -> int | None:
    if not _MAX_AGE.fullmatch(text):
        raise ValueError("max_age")
    return int(text)


def _once(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    """Build an object; a member named twice is refused, since two readers could read two requests (B-O26)."""
    members: dict[str, object] = {}
    for name, value in pairs:
        if name in members:
            raise ValueError(name)
        members[name] = value
    return members


@dataclass(frozen=True, slots=True)
class _AcrClaim:
    """What ``claims`` says of ``acr``: the values one of which is asked for, and whether it is insisted on."""

    essential: bool
    values: tuple[str, ...]


_NOT_ASKED = _AcrClaim(essential=False, values=())


def _acr_claim(text: str) -> _AcrClaim:
    """Return what ``claims`` asks of the level (OpenID Connect Core §5.5.1.1).

    Other claims in it ask for nothing: what a service gets is decided by its registration. Raises ValueError when the
    text is no JSON object or too long.
    """
    if len(text) > _MAX_CLAIMS_CHARACTERS:
        raise ValueError("claims")
    try:
        claims = json.loads(text, object_pairs_hook=_once)
    except RecursionError as error:
        raise ValueError("claims") from error
    if not isinstance(claims, dict):
        raise ValueError("claims")
    asked = _member(claims.get("id_token"), "acr")
    values = _member(asked, "values")
    named = [*(values if isinstance(values, list) else []), _member(asked, "value")]
    texts = tuple(value for value in named if isinstance(value, str))
    return _AcrClaim(essential=_member(asked, "essential") is True, values=texts)


def _member(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None
