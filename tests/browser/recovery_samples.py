"""Every page of getting back in, in every state worth seeing."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from unilogin.domain.access.gates import ChildInCustody, Place
from unilogin.domain.credentials.policy import hints
from unilogin.domain.directory.model import AccountId, Username
from unilogin.kit.web.look.pictograms import PICTOGRAMS
from unilogin.recovery.model import OwnName
from unilogin.signin.model import Alias, Provider, ProviderKind

Context = Mapping[str, Any]

_SOMEBODY = AccountId(UUID(int=1))
_MITID = Provider(Alias("nemlogin3"), ProviderKind.MITID, "MitID", "MitID", enabled=True)
_OTHER = Provider(
    Alias("mitid-b"), ProviderKind.MITID, "MitID via Prøvebroker", "MitID via Sample broker", enabled=True
)
_FORM: Context = {"csrf": "sealed", "service": "Læseslottet", "username": "anna1234", "action": "#", "back_url": "#"}
_WAYS: Context = {"mitid_url": "#", "parent_url": "#", "teacher_url": "#", "pupils_only": False}
_BY_ID = {picture.id: picture for picture in PICTOGRAMS}
_FOUR = [_BY_ID[name] for name in ("sol", "paraply", "hest", "is")]
TOLD = (
    "cancelled", "unavailable", "refused", "level", "no_cpr", "no_account", "closed", "not_public_law", "several",
    "not_you", "not_yours", "no_password",
)  # fmt: skip


def _child(name: str, username: str, *places: Place) -> ChildInCustody:
    return ChildInCustody(_SOMEBODY, _SOMEBODY, None, name, Username(username), places)


_CHILDREN = [
    _child("Ida Holm", "idah4821", Place("Birkerup Skole", "2.B")),
    _child("Ida Holm", "idah0077", Place("Birkerup Skole", "5.A"), Place("Fritidshjemmet Regnbuen", None)),
]
_OWN = OwnName(_SOMEBODY, "Mette Holm", Username("mett3310"), (), may_sign_in=True)
_OWN_WITHOUT = OwnName(_SOMEBODY, "Mette Holm", Username("mett3310"), (), may_sign_in=False)


def _names(own: OwnName | None, children: list[ChildInCustody]) -> Context:
    return {**_FORM, "own": own, "children": children}


def _own(**more: object) -> Context:
    given = {
        "type": "password",
        "errors": (),
        "policy": "modern",
        "give_action": "#",
        "given_url": None,
        "hints": hints(),
    }
    return {**_FORM, **given, **more}


def _shown(**more: object) -> Context:
    given = {"type": "words", "pieces": ("kage", "lygte"), "pictures": [], "next_url": "#", "own_url": "#"}
    return {**_FORM, **given, **more}


def samples() -> Iterator[tuple[str, str, Context]]:
    """Yield (name of the picture, template, context)."""
    for page in ("names", "own", "parent"):
        yield f"recover-mitid-{page}", "recovery/mitid.html", {**_FORM, "page": page, "providers": [_MITID]}
    yield "recover-mitid-two", "recovery/mitid.html", {**_FORM, "page": "own", "providers": [_MITID, _OTHER]}
    yield "recover-mitid-none", "recovery/mitid.html", {**_FORM, "page": "own", "providers": []}
    yield "recover-names", "recovery/names.html", _names(_OWN, _CHILDREN)
    yield "recover-names-children", "recovery/names.html", _names(_OWN_WITHOUT, _CHILDREN[:1])
    yield "recover-names-nobody", "recovery/names.html", _names(_OWN_WITHOUT, [])
    yield "recover-choice", "recovery/choice.html", {**_FORM, "forgotten_url": "#", "change_url": "#"}
    yield "recover-forgotten", "recovery/forgotten.html", {**_FORM, **_WAYS, "pictures": False}
    yield "recover-pictures", "recovery/forgotten.html", {**_FORM, **_WAYS, "pictures": True, "pupils_only": True}
    yield "recover-teacher", "recovery/teacher.html", {**_FORM, "username_url": "#"}
    change = {**_FORM, "error": None, "error_fields": {}, "forgotten_url": "#"}
    yield "recover-change", "recovery/change.html", change
    yield "recover-change-error", "recovery/change.html", {**change, "error": "recovery.change.wrong"}
    window = {**_FORM, "known_url": "#", "not_me_url": "#", "error": None, "pictograms": ()}
    yield "recover-window", "recovery/window.html", {**window, "pictures": True}
    yield "recover-window-password", "recovery/window.html", {**window, "pictures": False, "known_url": None}
    code = {"pictures": True, "pictograms": PICTOGRAMS, "error": "recovery.window.code.wrong"}
    yield "recover-window-code", "recovery/window.html", {**window, **code}
    closed = {"pictures": False, "known_url": None, "error": "recovery.window.code.closed"}
    yield "recover-window-closed", "recovery/window.html", {**window, **closed}
    yield "recover-ready-parent", "recovery/ready.html", {**_FORM, "type": "pictures", "parent": True}
    yield "recover-ready", "recovery/ready.html", {**_FORM, "type": "words", "parent": False}
    yield "recover-shown-words", "recovery/shown.html", _shown()
    long = ("vandmelon", "paraply", "42")
    yield "recover-shown-password", "recovery/shown.html", _shown(type="password", pieces=long)
    pictures = [picture.id for picture in _FOUR]
    yield "recover-shown-pictures", "recovery/shown.html", _shown(type="pictures", pieces=pictures, pictures=_FOUR)
    yield "recover-own", "recovery/own.html", _own()
    errors = ["recovery.own.differ", "recovery.busy"]
    yield "recover-own-errors", "recovery/own.html", _own(errors=errors, type="words", policy="stil", given_url="#")
    grid = {**_FORM, "shown_url": "#", "error": None, "pictograms": PICTOGRAMS, "chosen": "sealed"}
    yield "recover-practise", "recovery/practise.html", {**grid, "places": [None] * 4}
    wrong = {**grid, "places": [None] * 4, "error": "recovery.practise.wrong"}
    yield "recover-practise-error", "recovery/practise.html", wrong
    yield "recover-practise-full", "recovery/practise.html", {**grid, "places": _FOUR}
    again = ("cancelled", "unavailable", "not_you", "not_yours")
    for why in TOLD:
        fields = {"institutions": "Egelund Friskole"}
        told = {
            **_FORM,
            "message": f"recovery.told.{why}",
            "fields": fields,
            "again_url": "#" if why in again else None,
        }
        yield f"recover-told-{why}", "recovery/told.html", told
