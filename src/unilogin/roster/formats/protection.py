"""What a source says of name and address protection: whatever is not clearly a no hides (N-113).

A name that is shown for one day cannot be taken back. So a word that nobody can read counts as a yes, and protection
never ends by one; what else the row says goes on.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from unilogin.kit.xml.tree import Element, split_tag
from unilogin.roster.formats.fields import Notes, shown
from unilogin.roster.formats.tidy import tidy
from unilogin.roster.messages import Found

NAME = "protected"

_WORDS = {
    **dict.fromkeys(("true", "1", "ja", "yes", "j", "y", "t", "sand"), True),
    **dict.fromkeys(("false", "0", "nej", "no", "n", "f", "falsk"), False),
}


class Protection(NamedTuple):
    """Whether somebody is to be hidden; None: nothing is said of it."""

    hidden: bool | None
    unclear: bool = False  # hidden for want of a word that can be read: without an alias the row is no worse for it


def read_protection(text: str, *, element: str, where: Element, notes: Notes) -> Protection:
    """Return what a value says, in any case and with any blanks; one that cannot be read hides, with a finding."""
    hidden = _WORDS.get("".join(tidy(text).split()).casefold())
    if hidden is not None:
        return Protection(hidden)
    notes.warn(where, Found.PROTECTION_UNCLEAR, element=element, value=shown(tidy(text)))
    return Protection(hidden=True, unclear=True)


def protection_of(person: Element, attributes: Mapping[str, str], notes: Notes) -> Protection:
    """Return what a Person element says, wherever it says it: a yes in another place or spelling is one, too."""
    told = attributes.get(NAME)
    said = Protection(None) if told is None else read_protection(told, element=NAME, where=person, notes=notes)
    for name, text in () if said.hidden else _said_oddly(person):
        odd = read_protection(text, element=name, where=person, notes=notes)
        if odd.hidden:
            return odd._replace(unclear=True)
    if said.hidden is None:
        notes.refuse(person, Found.ATTRIBUTE_MISSING, attribute=NAME)
    return said


def _said_oddly(person: Element) -> Iterator[tuple[str, str]]:
    """Yield what reads ``Protected``, stands in a foreign namespace, or is an element in place of an attribute."""
    written = [(str(tag), str(text)) for tag, text in person.items()]
    written += [(child.tag, child.text or "") for child in person]
    for tag, text in written:
        name = split_tag(tag)[1]
        if name.casefold() == NAME and text.strip():
            yield name, text
