"""For whom a page is written, where that person can go, and what things are called."""

from collections.abc import Sequence

from unilogin.apps.account.model import Place, Reader
from unilogin.apps.shell.model import Section
from unilogin.domain.credentials.model import PasswordType
from unilogin.domain.credentials.rules import password_type
from unilogin.domain.directory.model import ActorGroup, Belonging

PATH = "/mit"
SERVICES = f"{PATH}/tjenester"
SECURITY = f"{PATH}/sikkerhed"
PASSKEYS = f"{SECURITY}/adgangsnoegler"
HISTORY = f"{PATH}/historik"
USERNAME = f"{PATH}/brugernavn"
CHILDREN = f"{PATH}/boern"


def reader_of(belongings: Sequence[Belonging]) -> Reader:
    """Return for whom pages about this person are written: by who they are here, not by how they signed in."""
    if not any(belonging.actor_group is ActorGroup.ELEV for belonging in belongings):
        return Reader.ADULT
    if password_type(belongings) is PasswordType.PICTURES:
        return Reader.YOUNG
    return Reader.PUPIL


def gets_username_alone(reader: Reader) -> bool:
    """Tell whether somebody may give themselves a new username: whoever signs in with pictures needs an adult for it.

    For these a parent with custody does it, or the school's office; for the others nobody at home does.
    """
    return reader is not Reader.YOUNG


def sections_for(belongings: Sequence[Belonging]) -> tuple[Section, ...]:
    """Return the places of the app for this person; a child who has just learned to read gets three."""
    reader = reader_of(belongings)
    if reader is Reader.YOUNG:
        return (
            Section("account.section.young.front", PATH, "person"),
            Section("account.section.young.services", SERVICES, "services"),
            Section("account.section.young.security", SECURITY, "device"),
        )
    children = (Section("account.section.children", CHILDREN, "parent"),)
    is_contact = any(belonging.actor_group is ActorGroup.KONTAKTPERSON for belonging in belongings)
    return (
        Section("account.section.front", PATH, "person"),
        *(children if is_contact else ()),
        Section("account.section.services", SERVICES, "services"),
        Section("account.section.security", SECURITY, "lock"),
        Section("account.section.history", HISTORY, "clock"),
    )


_ROLES = {
    "Elev": "pupil",
    "Barn": "child",
    "Studerende": "student",
    "Lærer": "teacher",
    "Pædagog": "pedagogue",
    "Vikar": "substitute",
    "Leder": "leader",
    "Ledelse": "management",
    "TAP": "tap",
    "Konsulent": "consultant",
    "Praktikant": "trainee",
    "Ekstern": "external",
}


def role_codes(place: Place) -> tuple[str, ...]:
    """Return the codes of what somebody is at a place, each once."""
    if place.actor_group is ActorGroup.KONTAKTPERSON:
        return ("account.role.contact",)
    return tuple(dict.fromkeys(f"account.role.{_ROLES[role]}" for role in place.roles if role in _ROLES))


_METHODS = frozenset({"pictures", "words", "password", "passkey", "mitid"})


def method_code(method: str) -> str:
    """Return the code of how somebody signed in."""
    return f"account.method.{method if method in _METHODS else 'otherwise'}"
