"""What a provider's registration must be. Pure."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from unilogin.domain.access.model import Right
from unilogin.protocols.oidc_rp.errors import RegistrationError
from unilogin.protocols.oidc_rp.metadata import is_address
from unilogin.protocols.oidc_rp.model import Registration
from unilogin.protocols.oidc_rp.presets import PRESETS

_ALIAS = re.compile(r"[a-z][a-z0-9-]{1,31}")
_SCOPE = re.compile(r"[!#-\[\]-~]+")  # RFC 6749 §3.3
_MOST_CHARACTERS = 1024


def check_registration(registration: Registration, *, own_machine: bool) -> None:
    """Raise RegistrationError for the first thing that is not as it must be."""
    if _ALIAS.fullmatch(registration.alias) is None:
        raise RegistrationError("the alias is 2 to 32 small letters, digits and hyphens, a letter first")
    issuer = registration.issuer
    if not is_address(issuer, own_machine=own_machine) or urlsplit(issuer).query:
        raise RegistrationError("the issuer must be an https address without query, exactly as the provider writes it")
    if registration.preset not in PRESETS:
        raise RegistrationError(f"there is no preset '{registration.preset}': {', '.join(PRESETS)}")
    for name, value in (("client id", registration.client_id), ("client secret", registration.client_secret)):
        if not 0 < len(value) <= _MOST_CHARACTERS or not (value.isascii() and value.isprintable()):
            raise RegistrationError(f"the {name} is 1 to {_MOST_CHARACTERS} printable characters")
    scopes = registration.scopes.split(" ")
    if "openid" not in scopes or not all(_SCOPE.fullmatch(scope) for scope in scopes):
        raise RegistrationError("the scopes are separated by one space, and openid is one of them")


def read_rights(pairs: Sequence[str]) -> Mapping[str, Right]:
    """Return what rights are called there → which of ours they are; raises RegistrationError."""
    rights: dict[str, Right] = {}
    for pair in pairs:
        name, separator, right = pair.rpartition("=")
        if not separator or not name.strip() or right.strip() not in list(Right):
            known = ", ".join(f"'{known}'" for known in Right)
            raise RegistrationError(f"write a right as 'NAME THERE=NAME HERE'; the names here are {known}")
        rights[name.strip()] = Right(right.strip())
    return rights
