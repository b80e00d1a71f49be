"""Skift af administrativt system: the new system's first file is handed in, and read by a process of its own.

The page says that it is being read, then shows the plan that came of it, or why none did.
"""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from unilogin.apps.elevadministration.access import Desk, FileDesk
from unilogin.apps.elevadministration.pages.switching import url_of_switches
from unilogin.apps.elevadministration.shown import as_uuid, pass_to_school, render
from unilogin.domain.access.administering import AdministeredSchool
from unilogin.domain.directory.model import SOURCE_BY_HAND
from unilogin.house import House
from unilogin.kit.db.connection import acquire, transaction
from unilogin.kit.web.errors import RefusedError
from unilogin.roster.messages import refusal_in_words
from unilogin.roster.switching.looking import sources_of
from unilogin.roster.switching.model import NotSwitched
from unilogin.roster.switching.uploads import FAILED, OVERTAKEN, REFUSED, Upload, hand_in, upload_at
from unilogin.roster.tasks import begin, soon

_WHY = {
    NotSwitched.NO_OLD_SOURCE.value: "no_old_source",
    NotSwitched.SAME_SOURCE.value: "same_source",
    NotSwitched.DELIVERS_ALREADY.value: "delivers_already",
    NotSwitched.NOT_WHOLE.value: "not_whole",
    NotSwitched.OTHER_INSTITUTION.value: "other_institution",
    OVERTAKEN: "overtaken",
    FAILED: "failed",
}
"""Why a file is no plan, as a part of a message code."""


async def show_new(house: House, request: Request, desk: Desk) -> Response:
    """Show what is needed for a change of system: the file, and which system is left."""
    return await _new(house, request, desk, why=None)


async def _new(house: House, request: Request, desk: Desk, *, why: str | None, old: str = "") -> Response:
    async with acquire(house.pool) as connection:
        school = await pass_to_school(connection, request, desk)
        sources = [one for one in await sources_of(connection, school.institution_id) if one != SOURCE_BY_HAND]
    context = {
        "sources": sources,
        "old": old or desk.value("old"),
        "why": why,
        "most": _megabytes(house),
        "here_url": url_of_switches(school),
    }
    status = 422 if why else 200
    return render(house, request, desk, template="switch_new", school=school, context=context, status=status)


async def take_file(house: House, request: Request, handed: FileDesk) -> Response:
    """Take the file, and have it laid beside today's people. Nobody is changed by that."""
    desk = handed.desk
    with handed.file:
        if not handed.size:
            code = "no_file" if handed.size == 0 else "too_large"
            return await _new(house, request, desk, why=_sentence(house, request, code))
        async with transaction(house.pool) as tx:
            school = await pass_to_school(tx, request, desk)
            upload_id = await hand_in(
                tx,
                school.institution_id,
                handed.file,
                old_source=desk.value("old"),
                by=desk.visit.account_id,
                secrets=house.secrets,
            )
    begin(house.heavy)
    upload = await soon(
        house.pool,
        lambda connection: upload_at(connection, school.institution_id, upload_id),
        is_done=lambda found: found is None or found.answer is not None,
    )
    if upload is None or upload.answer is None:
        return RedirectResponse(_url(school, upload_id), status_code=303)
    return await _what_came(house, request, desk, school=school, upload=upload)


async def show_file(house: House, request: Request, desk: Desk) -> Response:
    """Show that a file is being read, or what came of it."""
    key = as_uuid(request.path_params["upload_id"])
    async with acquire(house.pool) as connection:
        school = await pass_to_school(connection, request, desk)
        upload = await upload_at(connection, school.institution_id, key) if key else None
    if upload is None:
        raise RefusedError(404, "elevadministration.stopped.switch", restart_url=url_of_switches(school))
    if upload.answer is not None:
        return await _what_came(house, request, desk, school=school, upload=upload)
    context = {"upload": upload, "here_url": _url(school, upload.upload_id), "list_url": url_of_switches(school)}
    return render(house, request, desk, template="switch_reading", school=school, context=context)


async def _what_came(
    house: House, request: Request, desk: Desk, *, school: AdministeredSchool, upload: Upload
) -> Response:
    if upload.switch_id is not None:
        return RedirectResponse(f"{url_of_switches(school)}/{upload.switch_id}?told=planned", status_code=303)
    if upload.answer == REFUSED:
        language, fields = house.pages.language(request), dict(upload.fields)
        why = refusal_in_words(house.texts, language, str(fields.pop("reason", "")), fields)
    else:
        why = _sentence(house, request, _WHY.get(upload.answer or "", "failed"))
    return await _new(house, request, desk, why=why, old=upload.old_source)


def _sentence(house: House, request: Request, code: str) -> str:
    return house.texts(house.pages.language(request), f"elevadministration.switch.why_{code}", most=_megabytes(house))


def _megabytes(house: House) -> int:
    return house.largest_upload // (1024 * 1024)


def _url(school: AdministeredSchool, upload_id: UUID) -> str:
    return f"{url_of_switches(school)}/fil/{upload_id}"
