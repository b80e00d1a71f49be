"""Who may open the pages of an app: who is signed in to it. Whoever is not is sent to the door, and comes back."""

import tempfile
from dataclasses import dataclass
from datetime import timedelta
from typing import BinaryIO, cast
from urllib.parse import urlencode

from starlette.requests import Request

from unilogin.apps.shell import queries
from unilogin.apps.shell.model import App, AppSession
from unilogin.domain.access.model import Right
from unilogin.domain.directory.model import AccountId, ActorGroup, InstitutionNumber, Standing
from unilogin.domain.services.model import Level
from unilogin.house import House
from unilogin.kit.db.connection import acquire
from unilogin.kit.places import FullError
from unilogin.kit.web.bodies import BodyTooLargeError
from unilogin.kit.web.errors import ElsewhereError, RefusedError
from unilogin.kit.web.forms import MAX_FIELDS, Fields, one, read_fields, refuse_foreign_post
from unilogin.kit.web.routing import Access
from unilogin.kit.web.uploads import ignore_rest, read_upload
from unilogin.signin.browser import csrf_fits, csrf_token

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class AppVisit:
    """Somebody who is signed in to the app, and the token its forms carry."""

    app: App
    who: AppSession
    csrf: str

    @property
    def account_id(self) -> AccountId:
        """The account of the person."""
        return self.who.standing.account_id

    @property
    def standing(self) -> Standing:
        """Where the person belongs now."""
        return self.who.standing

    @property
    def actor_group(self) -> ActorGroup:
        """As whom the person came in."""
        return self.who.actor_group

    @property
    def rights(self) -> frozenset[tuple[InstitutionNumber, Right]]:
        """The rights held in this session, with the institution of each."""
        return self.who.rights


@dataclass(frozen=True, slots=True)
class AppForm:
    """A form posted from a page of the app, proved to come from this browser and this site."""

    visit: AppVisit
    fields: Fields

    def field(self, name: str) -> str:
        """Return a field, or an empty string."""
        return one(self.fields, name)


@dataclass(frozen=True, slots=True)
class AppUpload:
    """A form with a file. ``size`` of the file is None when it was larger than is taken: then nothing was kept."""

    visit: AppVisit
    fields: Fields
    file: BinaryIO
    size: int | None


def cookie_of(app: App) -> str:
    """Return the name of the app's own cookie."""
    return app.name


def way_in(app: App) -> Access[House, App]:
    """Return the rule of the app's own doors: everybody, because they are where one becomes somebody."""

    async def admit(house: House, request: Request) -> App:
        return app

    return Access(f"{app.name} door", f"Everybody, on the way into or out of {app.title_en}.", admit)


def signed_in(app: App, *, level: Level = Level.EN_FAKTOR, by_itself: bool = False) -> Access[House, AppVisit]:
    """Return the rule for pages of an app: signed in to it, at least this sure.

    ``by_itself``: for what an open page asks without anybody doing anything, which is no use of the session.
    """

    async def admit(house: House, request: Request) -> AppVisit:
        visit = await _visit(house, request, app, by_itself=by_itself)
        if visit is None or visit.who.session.level.rank < level.rank:
            raise ElsewhereError(sign_in_url(app, request.url.path, level=level))
        if visit.who.signed_in_too_long_ago_for(app):
            raise ElsewhereError(sign_in_url(app, request.url.path, level=level, fresh=True))
        return visit

    return Access(_name(app, level), f"Who is signed in to {app.title_en}{_sure(level)}.{_lately(app)}", admit)


def passing(app: App) -> Access[House, bool]:
    """Return the rule of an app's front: everybody; tells whether this browser is signed in to it already."""

    async def admit(house: House, request: Request) -> bool:
        token = house.cookies.get(request, cookie_of(app))
        if token is None:
            return False
        async with acquire(house.pool) as connection:
            return await queries.who_is_here(connection, app, token=token) is not None

    return Access(f"{app.name} front", "Everybody; who is signed in already is led on.", admit)


def signed_in_form(
    app: App, *, level: Level = Level.EN_FAKTOR, most_fields: int = MAX_FIELDS, leaving: bool = False
) -> Access[House, AppForm]:
    """Return the rule for what is posted to an app: signed in to it, from a page of its own.

    ``leaving``: also who signed in longer ago than the app wants may sign out.
    """

    async def admit(house: House, request: Request) -> AppForm:
        visit = await _visit_to_post(house, request, app, level=level, leaving=leaving)
        fields = await read_fields(request, most=most_fields)
        _check_token(house, request, app, fields)
        return AppForm(visit, fields)

    meaning = f"Who is signed in to {app.title_en}{_sure(level)}, from a page of its own (CSRF token, Origin)."
    if leaving:
        return Access(f"{app.name} leave", meaning, admit)
    return Access(f"{_name(app, level)} form", f"{meaning}{_lately(app)}", admit)


def signed_in_upload(app: App, *, level: Level = Level.EN_FAKTOR) -> Access[House, AppUpload]:
    """Return the rule for a form with a file: as for other forms, and the file is kept on the disk meanwhile."""

    async def admit(house: House, request: Request) -> AppUpload:
        visit = await _visit_to_post(house, request, app, level=level, leaving=False)
        file = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - whoever gets it closes it
        try:
            async with house.arriving.one():
                upload = await read_upload(
                    request,
                    file,
                    most=house.largest_upload,
                    admit=lambda fields: _check_token(house, request, app, fields),
                )
        except BodyTooLargeError:
            await ignore_rest(request)
            return AppUpload(visit, {}, file, None)
        except FullError as error:
            file.close()
            raise RefusedError(503, "look.stopped.busy", restart_url=app.path) from error
        except BaseException:
            file.close()
            raise
        return AppUpload(visit, upload.fields, file, upload.size or 0)

    meaning = f"Who is signed in to {app.title_en}{_sure(level)}, from a page of its own, with one file."
    return Access(f"{_name(app, level)} upload", f"{meaning}{_lately(app)}", admit)


def sign_in_url(app: App, to: str, *, level: Level = Level.EN_FAKTOR, fresh: bool = False) -> str:
    """Return where somebody who is not signed in (sure enough) is sent, to come back to the page they asked for.

    ``fresh``: who is signed in proves it anew.
    """
    wish = (
        {"to": to}
        | ({"level": level.value} if level is not Level.EN_FAKTOR else {})
        | ({"fresh": "1"} if fresh else {})
    )
    return f"{app.path}/sign-in?{urlencode(wish)}"


async def _visit_to_post(house: House, request: Request, app: App, *, level: Level, leaving: bool) -> AppVisit:
    refuse_foreign_post(request, origin=house.origin_of_app(app.path))
    visit = await _visit(house, request, app)
    if visit is None or visit.who.session.level.rank < level.rank:
        raise RefusedError(403, "shell.stopped.ended", restart_url=app.path)  # what was posted cannot wait
    if visit.who.signed_in_too_long_ago_for(app) and not leaving:
        raise RefusedError(403, "shell.stopped.ended", restart_url=app.path)
    return visit


def _check_token(house: House, request: Request, app: App, fields: Fields) -> None:
    token = house.cookies.get(request, cookie_of(app)) or ""
    if not csrf_fits(house, token, about=_about(app), sent=one(fields, "csrf")):
        raise RefusedError(403, "look.stopped.foreign", restart_url=app.path)


async def _visit(house: House, request: Request, app: App, *, by_itself: bool = False) -> AppVisit | None:
    token = house.cookies.get(request, cookie_of(app))
    if token is None:
        return None
    ask = queries.who_is_still_here if by_itself else queries.who_is_here
    async with acquire(house.pool) as connection:
        who = await ask(connection, app, token=token)
    return AppVisit(app, who, csrf_token(house, token, _about(app))) if who else None


def _about(app: App) -> str:
    return f"app:{app.name}"


def _name(app: App, level: Level) -> str:
    return app.name if level is Level.EN_FAKTOR else f"{app.name} {level.value}"


def _sure(level: Level) -> str:
    return "" if level is Level.EN_FAKTOR else f" at level {level.value} or higher"


def _lately(app: App) -> str:
    return f" Signed in at most {app.longest_session // _HOUR} hours ago." if app.longest_session else ""
