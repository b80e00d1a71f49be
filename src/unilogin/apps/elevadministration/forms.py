"""What the office types, as types: somebody to be added by hand, or what is wrong with it. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from unilogin.domain.directory.cpr import Cpr, CprError, read_cpr
from unilogin.domain.directory.model import ActorGroup

LEVELS = ("DT", *map(str, range(11)), "U1", "U2", "U3", "U4", "VU", "Andet")
ROLES = {
    ActorGroup.EKSTERN: ("Ekstern", "Praktikant"),
    ActorGroup.MEDARBEJDER: ("Lærer", "Pædagog", "Vikar", "Leder", "Ledelse", "TAP", "Konsulent"),
    ActorGroup.ELEV: ("Elev", "Barn", "Studerende"),
}
MOST_NAME = 99
MOST_CLASS = 75

Value = Callable[[str], str]
"""Returns what was sent in a field."""


@dataclass(frozen=True, slots=True)
class Typed:
    """Somebody to be added, as typed and understood."""

    cpr: Cpr
    first_name: str
    family_name: str
    actor_group: ActorGroup
    role: str
    level: str | None
    group: str | None
    alias: tuple[str, str] | None


def read_person(value: Value) -> Typed | dict[str, str]:
    """Return who is meant, or field → code of what is wrong with it."""
    wrong: dict[str, str] = {}
    cpr = _cpr(value("cpr"))
    if cpr is None:
        wrong["cpr"] = "cpr"
    for name in ("first_name", "family_name"):
        if not is_name(value(name)):
            wrong[name] = "name"
    role = value("role")
    actor_group = next((group for group, roles in ROLES.items() if role in roles), None)
    if actor_group is None:
        wrong["role"] = "role"
    is_pupil = actor_group is ActorGroup.ELEV
    level, group = value("level"), value("group")
    if is_pupil and level not in LEVELS:
        wrong["level"] = "level"
    if is_pupil and not (0 < len(group) <= MOST_CLASS and group.isprintable()):
        wrong["group"] = "group"
    alias = read_alias(value) if value("protected") == "1" else None
    if value("protected") == "1" and alias is None:
        wrong["alias_first_name"] = "alias"
    if wrong or cpr is None or actor_group is None:
        return wrong
    names = (value("first_name"), value("family_name"))
    return Typed(cpr, *names, actor_group, role, level if is_pupil else None, group if is_pupil else None, alias)


def read_alias(value: Value) -> tuple[str, str] | None:
    """Return an alias of two names, or None when one of them is missing or is no name."""
    alias = (value("alias_first_name"), value("alias_family_name"))
    return alias if all(is_name(part) for part in alias) else None


def masked(cpr: str, *, protected: bool) -> str:
    """Return a CPR number as it may stand on a screen: the day of birth, and of somebody protected nothing."""
    return "••••••-••••" if protected else f"{cpr[:6]}-••••"


def _cpr(text: str) -> Cpr | None:
    try:
        return read_cpr(text)
    except CprError:
        return None


def is_name(text: str) -> bool:
    """Tell whether a text can be a name."""
    return 0 < len(text) <= MOST_NAME and text.isprintable() and any(sign.isalpha() for sign in text)
