"""Who may open Elevadministration: user administrators, with two factors, signed in at most eight hours ago.

That says who is there. Which institutions they reach is for the gate in ``domain/access/administering.py``.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import BinaryIO

from starlette.requests import Request

from unilogin.apps.shell.access import AppVisit, passing, signed_in, signed_in_form, signed_in_upload, way_in
from unilogin.apps.shell.model import App
from unilogin.domain.access.administering import Administrator
from unilogin.domain.access.model import Right
from unilogin.domain.audit.model import Actor
from unilogin.domain.directory.model import ActorGroup
from unilogin.domain.services.model import ClientId, Level
from unilogin.house import House
from unilogin.kit.web.forms import Fields
from unilogin.kit.web.routing import Access

PATH = "/elevadministration"

ELEVADMINISTRATION = App(
    name="elevadministration",
    path=PATH,
    client_id=ClientId("elevadministration"),
    title="Elevadministration",
    title_en="Elevadministration",
    actor_groups=(ActorGroup.MEDARBEJDER, ActorGroup.EKSTERN),
    minimum_level=Level.TO_FAKTOR,
    longest_session=timedelta(hours=8),
)


@dataclass(frozen=True, slots=True)
class Desk:
    """A user administrator at work, and what they posted, if anything."""

    visit: AppVisit
    administrator: Administrator
    fields: Fields | None = None

    @property
    def actor(self) -> Actor:
        """Who acts, for the audit log."""
        return Actor.person(self.visit.account_id)

    def value(self, name: str) -> str:
        """Return what was sent in a field that comes once, without spaces around it, or an empty string."""
        sent = (self.fields or {}).get(name, [])
        return sent[0].strip() if len(sent) == 1 else ""


def _desk(visit: AppVisit, *, fields: Fields | None = None) -> Desk:
    numbers = tuple(number for number, right in sorted(visit.rights) if right is Right.BRUGERADMINISTRATOR)
    return Desk(visit, Administrator(visit.account_id, numbers), fields)


_PAGE = signed_in(ELEVADMINISTRATION, level=Level.TO_FAKTOR)
_FORM = signed_in_form(ELEVADMINISTRATION, level=Level.TO_FAKTOR)
_UPLOAD = signed_in_upload(ELEVADMINISTRATION, level=Level.TO_FAKTOR)


async def _page(house: House, request: Request) -> Desk:
    return _desk(await _PAGE.admit(house, request))


async def _form(house: House, request: Request) -> Desk:
    form = await _FORM.admit(house, request)
    return _desk(form.visit, fields=form.fields)


@dataclass(frozen=True, slots=True)
class FileDesk:
    """A user administrator who hands in a file. ``size`` is None when it was larger than is taken."""

    desk: Desk
    file: BinaryIO
    size: int | None


async def _upload(house: House, request: Request) -> FileDesk:
    upload = await _UPLOAD.admit(house, request)
    return FileDesk(_desk(upload.visit, fields=upload.fields), upload.file, upload.size)


OFFICE_DOOR = way_in(ELEVADMINISTRATION)
OFFICE_LEAVE = signed_in_form(ELEVADMINISTRATION, leaving=True)
OFFICE_FRONT = passing(ELEVADMINISTRATION)
OFFICE = Access("elevadministration office", _PAGE.meaning, _page)
OFFICE_FORM = Access("elevadministration office form", _FORM.meaning, _form)
OFFICE_UPLOAD = Access("elevadministration office upload", _UPLOAD.meaning, _upload)
