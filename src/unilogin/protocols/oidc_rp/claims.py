"""From what a provider tells to who somebody is, as its preset says. Pure: the CPR number goes straight into its index.

A claim that the id token and the userinfo endpoint tell differently, or two names for one thing that differ, mean that
nobody knows what is meant: refused.
"""

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from unilogin.domain.access.model import Right
from unilogin.domain.directory.cpr import Cpr, CprError, read_cpr
from unilogin.domain.services.model import Level
from unilogin.kit.xml.errors import DocumentError
from unilogin.kit.xml.small import read_small
from unilogin.kit.xml.tree import split_tag
from unilogin.protocols.oidc_rp.checks import Claims, moment
from unilogin.protocols.oidc_rp.errors import DistrustError, LevelError
from unilogin.protocols.oidc_rp.model import Preset, Registered
from unilogin.signin.model import ExternalIdentity, IdentityKind

_MOST_RIGHTS = 50
_PRIVILEGES_BYTES = 64 * 1024
_OF_CVR = "urn:dk:gov:saml:cvrNumberIdentifier:"
_OLDEST_PERSON = 150


def joined(id_token: Claims, userinfo: Claims, *, preset: Preset) -> Claims:
    """Return what both tell together; raises DistrustError where they contradict each other."""
    for name in preset.claims:
        if name != "sub" and name in id_token and name in userinfo and id_token[name] != userinfo[name]:
            raise DistrustError(f"{name} told twice")
    return {**userinfo, **id_token}


def identity_of(
    claims: Claims, provider: Registered, *, preset: Preset, index: Callable[[Cpr], bytes], now: datetime
) -> ExternalIdentity:
    """Return who it is.

    Raises:
        LevelError: not sure enough.
        DistrustError: something that makes no sense.

    """
    cvr = _cvr(_text(claims, preset.cvr))
    business = cvr is not None or any(_is(claims.get(name), value) for name, value in (preset.business or {}).items())
    cpr = _text(claims, preset.cpr)
    return ExternalIdentity(
        alias=provider.alias,
        issuer=provider.issuer,
        subject=_text(claims, preset.subject, first=True) or "",
        cpr_index=index(_cpr(cpr)) if cpr else None,
        level=_level(claims, preset),
        kind=IdentityKind.BUSINESS if business else IdentityKind.PRIVATE,
        cvr=cvr,
        rights=_rights(claims, provider, preset=preset, cvr=cvr) if cvr else (),
        age=_age(_text(claims, preset.age)),
        authenticated_at=moment(claims.get("auth_time")) or now,
    )


def _is(value: object, wanted: str) -> bool:
    return str(value).lower() == wanted


def _text(claims: Claims, names: Iterable[str], *, first: bool = False) -> str | None:
    """Return the text of the first of these claims that is there; raises DistrustError when two of them differ."""
    found = [str(claims[name]) for name in names if isinstance(claims.get(name), (str, int))]
    if not found:
        return None
    if not first and len(set(found)) > 1:
        raise DistrustError("two claims for one thing differ")
    return found[0]


def _cpr(text: str) -> Cpr:
    try:
        return read_cpr(text)
    except CprError as error:
        raise DistrustError("cpr") from error


def _cvr(text: str | None) -> str | None:
    if text is None:
        return None
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        raise DistrustError("cvr")
    return text


def _level(claims: Claims, preset: Preset) -> Level:
    level = preset.levels.get(_text(claims, preset.level) or "")
    if level is None or level.rank < Level.TO_FAKTOR.rank:
        raise LevelError("not the level that was asked for")
    return level


def _age(text: str | None) -> int | None:
    if text is None or not (text.isascii() and text.isdigit()) or int(text[:4]) > _OLDEST_PERSON:
        return None
    return int(text)


def _rights(claims: Claims, provider: Registered, *, preset: Preset, cvr: str) -> tuple[Right, ...]:
    """Return those of the told rights that the operator gave a meaning to; all others mean nothing here."""
    told: list[str] = []
    for name in preset.rights:
        value = claims.get(name)
        if preset.rights_are_oiobpp:
            told += _privileges(value, cvr=cvr)
        elif isinstance(value, list):
            told += [entry for entry in value[:_MOST_RIGHTS] if isinstance(entry, str)]
    meant = {provider.rights.get(name) for name in told}
    return tuple(right for right in Right if right in meant)


def _privileges(value: object, *, cvr: str) -> Sequence[str]:
    """Return the privileges for the whole of one CVR number (OIO Basic Privilege Profile)."""
    if not isinstance(value, str):
        return ()
    try:
        root = read_small(base64.b64decode(value), longest=_PRIVILEGES_BYTES)
    except (binascii.Error, ValueError, DocumentError) as error:
        raise DistrustError("privileges") from error
    groups = [element for element in root if split_tag(str(element.tag))[1] == "PrivilegeGroup"]
    held = [entry for group in groups if group.get("Scope", "").lower() == f"{_OF_CVR}{cvr}".lower() for entry in group]
    return [(entry.text or "").strip() for entry in held[:_MOST_RIGHTS] if split_tag(str(entry.tag))[1] == "Privilege"]
