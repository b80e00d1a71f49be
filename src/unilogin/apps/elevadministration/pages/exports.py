"""Eksport: everybody of a school as files for another system. Aliases for protected people, no CPR numbers."""

import tempfile
from collections.abc import Iterator
from typing import BinaryIO, cast

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from unilogin.apps.elevadministration.access import Desk
from unilogin.apps.elevadministration.shown import pass_to_school, render, url_of
from unilogin.domain.access.administering import AdministeredSchool
from unilogin.house import House
from unilogin.kit.danish_time import danish_time
from unilogin.kit.db.connection import acquire, transaction
from unilogin.kit.places import FullError
from unilogin.kit.web.errors import RefusedError
from unilogin.roster.export import export_institution
from unilogin.roster.formats.sds_writer import read_domain
from unilogin.roster.model import ExportFormat
from unilogin.roster.sds_domain import domain_of, remember_domain

_PIECE = 64 * 1024
_LONGEST_SHOWN = 300
_TOLD = ("domain_set", "domain_gone")


async def show_exports(house: House, request: Request, desk: Desk) -> Response:
    """Show what can be fetched."""
    async with acquire(house.pool) as connection:
        school = await pass_to_school(connection, request, desk)
        domain = await domain_of(connection, school.institution_id)
    return _page(house, request, desk, school=school, domain=domain)


def _page(
    house: House,
    request: Request,
    desk: Desk,
    *,
    school: AdministeredSchool,
    domain: str | None,
    wrong_domain: str | None = None,
) -> Response:
    note = request.query_params.get("told", "")
    context = {
        "formats": list(ExportFormat),
        "here_url": f"{url_of(school)}/eksport",
        "domain": domain,
        "wrong_domain": wrong_domain is not None,
        "typed": (domain or "") if wrong_domain is None else wrong_domain[:_LONGEST_SHOWN],
        "note": note if note in _TOLD else None,
    }
    status = 200 if wrong_domain is None else 422
    return render(house, request, desk, template="exports", school=school, context=context, status=status)


async def set_domain(house: House, request: Request, desk: Desk) -> Response:
    """Remember the school's domain at Microsoft, another one, or none."""
    typed = desk.value("domain")
    domain = read_domain(typed) if typed else None
    async with transaction(house.pool) as tx:
        school = await pass_to_school(tx, request, desk)
        before = await domain_of(tx, school.institution_id)
        if typed and domain is None:
            return _page(house, request, desk, school=school, domain=before, wrong_domain=typed)
        await remember_domain(tx, school.institution_id, domain, by=desk.visit.account_id, actor=desk.actor)
    told = "domain_set" if domain else "domain_gone"
    return RedirectResponse(f"{url_of(school)}/eksport?told={told}", status_code=303)


async def export(house: House, request: Request, desk: Desk) -> Response:
    """Give everybody of a school as a zip. Posted, because it is written down."""
    wanted = desk.value("format")
    async with transaction(house.pool) as tx:
        school = await pass_to_school(tx, request, desk)
        url = f"{url_of(school)}/eksport"
        if wanted not in list(ExportFormat):
            raise RefusedError(404, "elevadministration.stopped.export", restart_url=url)
        domain = await domain_of(tx, school.institution_id) if wanted == ExportFormat.SDS else None
        if wanted == ExportFormat.SDS and domain is None and (typed := desk.value("domain")):
            domain = read_domain(typed)
            if domain is None:
                return _page(house, request, desk, school=school, domain=None, wrong_domain=typed)
            await remember_domain(tx, school.institution_id, domain, by=desk.visit.account_id, actor=desk.actor)
    file = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - closed when the last piece is sent
    try:
        await _write(house, desk, school=school, file=file, written_as=ExportFormat(wanted), domain=domain)
    except FullError as error:
        file.close()
        raise RefusedError(503, "look.stopped.busy", restart_url=url) from error
    except BaseException:
        file.close()
        raise
    name = f"{school.number.lower()}-{wanted}-{danish_time(desk.visit.who.now):%Y%m%d}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Length": str(file.tell())}
    file.seek(0)
    done = BackgroundTask(file.close)
    return StreamingResponse(_pieces(file), media_type="application/zip", headers=headers, background=done)


async def _write(
    house: House,
    desk: Desk,
    *,
    school: AdministeredSchool,
    file: BinaryIO,
    written_as: ExportFormat,
    domain: str | None,
) -> None:
    async with house.heavy.one(), acquire(house.pool) as connection:
        await export_institution(
            connection, school.number, out=file, written_as=written_as, actor=desk.actor, domain=domain
        )
        file.seek(0, 2)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece
