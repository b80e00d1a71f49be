"""Decisions of the journey: what comes next, who may act as whom, what an unknown name is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from unilogin.domain.credentials.model import PasswordType
from unilogin.domain.credentials.rules import PICTURES_IN_CODE
from unilogin.domain.directory.model import ActorGroup
from unilogin.domain.services.model import Level, Service
from unilogin.signin.model import Demands, Journey, Lacking, Means, Step, Way


def next_step(journey: Journey) -> Step:
    """Return the page a journey stands at."""
    if journey.finished:
        return Step.DONE
    if journey.session_id is not None:
        if journey.change_due:
            return Step.NOTICE
        return Step.LEVEL if journey.lacking else Step.ROLE
    if journey.method is None:
        return Step.METHOD
    return Step.SECRET if journey.username else Step.USERNAME


def may_show(journey: Journey, step: Step) -> bool:
    """Tell whether a page may be shown: the present one, or an earlier one as long as nobody has proved anything."""
    present = next_step(journey)
    if present in (Step.DONE, Step.NOTICE, Step.LEVEL, Step.ROLE):
        return step is present
    order = list(Step)
    return order.index(step) <= order.index(present)


def ways_to(level: Level, means: Means) -> tuple[Way, ...]:
    """Return how this person can be as sure as that, the likeliest way first; empty when there is none.

    An adult's word is no proof of who the pupil is, so it leads to VoksenVerificeret and never higher (N-101).
    """
    mitid = means.mitid_offered and means.public_law and means.cpr_known and means.old_enough
    adult = level.rank <= Level.VOKSEN_VERIFICERET.rank and means.child
    open_to = {
        Way.MITID: mitid,
        Way.PASSKEY: means.sure_passkey,
        Way.PARENT: adult and means.guardian and means.mitid_offered,
        Way.TEACHER: adult and means.teacher,
    }
    return tuple(way for way, is_open in open_to.items() if is_open)


class NoWay(StrEnum):
    """Why somebody cannot be surer; the last part of the code of the sentences that say so."""

    NO_MITID = "no_mitid"
    TOO_YOUNG = "too_young"
    NO_ADULT = "no_adult"
    PRIVATE = "private"
    CPR = "cpr"


def why_no_way(level: Level, means: Means) -> NoWay:
    """Return why ``ways_to`` is empty: the reason that is nearest to what somebody could do about it."""
    if means.child and level.rank <= Level.VOKSEN_VERIFICERET.rank:
        return NoWay.NO_ADULT
    if not means.old_enough:
        return NoWay.TOO_YOUNG
    if not means.mitid_offered:
        return NoWay.NO_MITID
    return NoWay.CPR if means.public_law else NoWay.PRIVATE


def lacking(level: Level, demands: Demands, means: Means) -> Lacking | None:
    """Tell what a session of this level lacks. Nobody is stopped for a wish that they cannot fulfil."""
    if level.rank < demands.level.rank:
        return Lacking.INSISTED
    if level.rank < demands.wished.rank and ways_to(demands.wished, means):
        return Lacking.WISHED
    return None


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
