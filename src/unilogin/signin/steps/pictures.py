"""Billedkode: four pictures in order. The places chosen so far travel sealed in the form and are never stored."""

import base64
import binascii

from unilogin.domain.credentials.rules import PICTURES_IN_CODE, picture_secret
from unilogin.house import House
from unilogin.kit.secrets import SealBrokenError
from unilogin.kit.web.forms import Fields, one
from unilogin.kit.web.look.pictograms import PICTOGRAMS
from unilogin.signin.access import Posted, Visit
from unilogin.signin.model import Journey, Step
from unilogin.signin.pages import recovery_url, step_url
from unilogin.signin.rules import NO_PLACES, Places, empty_place, fill_place

TEMPLATE = "pictures"
WRONG = "signin.pictures.wrong"
_BY_ID = {pictogram.id: pictogram for pictogram in PICTOGRAMS}


def context(house: House, visit: Visit, *, error: str | None = None, places: Places = NO_PLACES) -> dict[str, object]:
    """Return what the picture page shows."""
    journey = visit.journey
    return {
        "username": journey.shown_name,
        "back_url": step_url(journey, Step.USERNAME),
        "not_me_url": step_url(journey, Step.USERNAME),
        "forgotten_url": recovery_url(journey, "password/pictures"),
        "first_url": recovery_url(journey, "password/pictures"),
        "error": error,
        **grid(house, journey, places),
    }


def grid(house: House, journey: Journey, places: Places = NO_PLACES) -> dict[str, object]:
    """Return what a page shows that lets four pictures be tapped."""
    return {
        "pictograms": PICTOGRAMS,
        "places": [_BY_ID.get(picture) for picture in places],
        "chosen": _seal(house, journey, places),
    }


def tapped(house: House, journey: Journey, fields: Fields) -> Places:
    """Return the places after what was tapped on such a page, if anything was."""
    places = _open(house, journey, one(fields, "chosen"))
    if picture := one(fields, "picture"):
        return fill_place(places, picture) if picture in _BY_ID else places
    if number := one(fields, "empty"):
        return empty_place(places, number)
    return places


def read(house: House, posted: Posted) -> str | dict[str, object]:
    """Return the four pictures as a secret, or what the page shows after one more tap (which counts as no try)."""
    kept_in_page = one(posted.fields, "pictures")
    if kept_in_page:
        return picture_secret(kept_in_page.split(","))  # anything but the code simply does not fit (B-L05)
    places = tapped(house, posted.journey, posted.fields)
    if one(posted.fields, "picture") or one(posted.fields, "empty"):
        return context(house, posted.visit, places=places)
    if "" in places:
        return context(house, posted.visit, places=places, error="signin.pictures.missing")
    return picture_secret(places)


def _place(journey: Journey) -> str:
    return f"pictures:{journey.journey_id}:{journey.username}"


def _seal(house: House, journey: Journey, places: Places) -> str:
    sealed = house.secrets.sealer("form_seal").seal(",".join(places).encode(), _place(journey))
    return base64.urlsafe_b64encode(sealed).decode()


def _open(house: House, journey: Journey, chosen: str) -> Places:
    """Return the places sealed into the form for this journey and name; none for anything else."""
    try:
        sealed = base64.urlsafe_b64decode(chosen.encode())
        places = tuple(house.secrets.sealer("form_seal").open(sealed, _place(journey)).decode().split(","))
    except (binascii.Error, ValueError, SealBrokenError):
        return NO_PLACES
    return places if len(places) == PICTURES_IN_CODE else NO_PLACES
