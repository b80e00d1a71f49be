"""Every page on which somebody who is signed in is asked for more, in every state worth seeing."""

from collections.abc import Iterator, Mapping
from typing import Any

from unilogin.signin.model import Alias, Failure, Provider, ProviderKind
from unilogin.signin.rules import NoWay

Context = Mapping[str, Any]

_MITID = Provider(Alias("nemlogin3"), ProviderKind.MITID, "MitID", "MitID", enabled=True)
_OTHER = Provider(
    Alias("mitid-b"), ProviderKind.MITID, "MitID via Prøvebroker", "MitID via Sample broker", enabled=True
)
_FORM: Context = {"action": "#", "csrf": "sealed", "service": "Læseslottet", "decline_action": "#"}
TOLD = (
    *(failure.value for failure in Failure),
    *("no_cpr", "no_account", "closed", "not_public_law", "several"),
    *("another", "yourself", "not_yours", "turned_down", "nobody_answered"),
)
"""Every reason why proving more did not work."""


def _level(providers: list[Provider], *ways: str, child: bool = False, wished: bool = False) -> Context:
    return {
        **_FORM,
        "providers": providers,
        "ways": dict.fromkeys(ways, "#"),
        "child": child,
        "wished": wished,
    }


def samples() -> Iterator[tuple[str, str, Context]]:
    """Yield (name of the picture, template, context)."""
    yield "level-adult", "signin/level.html", _level([], "parent", "teacher", child=True)
    yield "level-adult-wished", "signin/level.html", _level([], "parent", child=True, wished=True)
    yield "level-pupil", "signin/level.html", _level([_MITID], "parent", child=True)
    yield "level-staff", "signin/level.html", _level([_MITID], "passkey")
    yield "level-wished", "signin/level.html", _level([_MITID, _OTHER], "passkey", wished=True)
    for why in NoWay:
        yield f"level-no-way-{why.value}", "signin/no_way.html", {**_FORM, "why": why.value}
    vouch = {**_FORM, "username": "anna1234", "back_url": "#", "providers": [_MITID]}
    yield "level-parent", "signin/vouch.html", vouch
    yield "level-parent-two", "signin/vouch.html", {**vouch, "providers": [_MITID, _OTHER]}
    yield "level-wait", "signin/vouch_wait.html", {**_FORM, "here": "#", "stop_action": "#"}
    for reason in TOLD:
        told = {"message": f"level.told.{reason}", "fields": {"institutions": "Lyngbakkens Friskole"}}
        yield f"level-told-{reason}", "signin/level_told.html", {**_FORM, **told, "again_url": "#"}
