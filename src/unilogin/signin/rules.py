"""Decisions of the journey: what comes next, who may act as whom, what an unknown name is shown."""

from collections.abc import Sequence
from dataclasses import dataclass

from unilogin.domain.credentials.model import PasswordType
from unilogin.domain.credentials.rules import PICTURES_IN_CODE
from unilogin.domain.directory.model import ActorGroup
from unilogin.domain.services.model import Service
from unilogin.signin.model import Journey, Step


def next_step(journey: Journey) -> Step:
    """Return the page a journey stands at."""
    if journey.finished:
        return Step.DONE
    if journey.session_id is not None:
        return Step.NOTICE if journey.change_due else Step.ROLE
    if journey.method is None:
        return Step.METHOD
    return Step.SECRET if journey.username else Step.USERNAME


def may_show(journey: Journey, step: Step) -> bool:
    """Tell whether a page may be shown: the present one, or an earlier one as long as nobody has proved anything."""
    present = next_step(journey)
    if present in (Step.DONE, Step.NOTICE, Step.ROLE):
        return step is present
    order = list(Step)
    return order.index(step) <= order.index(present)


@dataclass(frozen=True, slots=True)
class RoleOption:
    """One answer of the role choice: what the form posts, and the group it means for this person and service."""

    value: str
    group: ActorGroup


_ROLE_VALUES = (
    ("ELEV", (ActorGroup.ELEV,)),
    ("KONTAKT", (ActorGroup.KONTAKTPERSON,)),
    ("MEDARBEJDER_EKSTERN", (ActorGroup.MEDARBEJDER, ActorGroup.EKSTERN)),
)


def role_options(service: Service, groups: Sequence[ActorGroup]) -> tuple[RoleOption, ...]:
    """Return the roles a person can choose for a service; staff and external are one (docs/danish-service.md 4.3).

    Where the service takes nobody of the person's groups, all are returned: the service is told, and refuses itself.
    An app of our own takes the whole person, and nobody is asked.
    """
    accepted = [group for group in groups if service.accepts(group)] or list(groups)
    options = []
    for value, meant in _ROLE_VALUES:
        held = [group for group in meant if group in accepted]
        if held:
            options.append(RoleOption(value, held[0]))
    return tuple(options[:1] if service.own else options)


def decoy_type(mac: bytes, *, share: float) -> PasswordType:
    """Return which page an unknown name is shown: from a keyed hash of the name, so it stays the same (D10, B-L03).

    ``share`` is how many of the people here have pictures. When that moves, only the names between the old share and
    the new change their page, as real children do who grow out of pictures.
    """
    drawn = int.from_bytes(mac[:4], "big") / 2**32
    return PasswordType.PICTURES if drawn < share else PasswordType.PASSWORD


Places = tuple[str, ...]
"""Four picture ids in order; an empty string is an empty place."""

NO_PLACES: Places = ("",) * PICTURES_IN_CODE


def fill_place(places: Places, picture: str) -> Places:
    """Return the places with the picture in the first empty one; unchanged when there is none."""
    if "" not in places:
        return places
    position = places.index("")
    return (*places[:position], picture, *places[position + 1 :])


def empty_place(places: Places, number: str) -> Places:
    """Return the places with the one of this number (from 1) empty; unchanged for any other text."""
    if number not in {str(n) for n in range(1, PICTURES_IN_CODE + 1)}:
        return places
    position = int(number) - 1
    return (*places[:position], "", *places[position + 1 :])
