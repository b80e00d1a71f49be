"""Eksport: everybody of a school as files for another system. Aliases for protected people, no CPR numbers."""

import tempfile
from collections.abc import Iterator
from typing import BinaryIO, cast

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from unilogin.apps.elevadministration.access import Desk
from unilogin.apps.elevadministration.shown import pass_to_school, render, url_of
from unilogin.domain.access.administering import AdministeredSchool
from unilogin.house import House
from unilogin.kit.danish_time import danish_time
from unilogin.kit.db.connection import acquire
from unilogin.kit.places import FullError
from unilogin.kit.web.errors import RefusedError
from unilogin.roster.export import export_institution
from unilogin.roster.formats.sds_writer import read_domain
from unilogin.roster.model import ExportFormat

_PIECE = 64 * 1024
_LONGEST_SHOWN = 300


async def show_exports(house: House, request: Request, desk: Desk) -> Response:
    """Show what can be fetched."""
    async with acquire(house.pool) as connection:
        school = await pass_to_school(connection, request, desk)
    return _page(house, request, desk, school=school)


def _page(
    house: House, request: Request, desk: Desk, *, school: AdministeredSchool, wrong_domain: str | None = None
) -> Response:
    context = {
        "formats": list(ExportFormat),
        "here_url": f"{url_of(school)}/eksport",
        "wrong_domain": wrong_domain is not None,
        "domain": (wrong_domain or "")[:_LONGEST_SHOWN],
    }
    return render(house, request, desk, template="exports", school=school, context=context)


async def export(house: House, request: Request, desk: Desk) -> Response:
    """Give everybody of a school as a zip. Posted, because it is written down."""
    wanted = desk.value("format")
    async with acquire(house.pool) as connection:
        school = await pass_to_school(connection, request, desk)
    url = f"{url_of(school)}/eksport"
    if wanted not in list(ExportFormat):
        raise RefusedError(404, "elevadministration.stopped.export", restart_url=url)
    typed = desk.value("domain").strip()
    domain = read_domain(typed) if typed and wanted == ExportFormat.SDS else None
    if typed and wanted == ExportFormat.SDS and domain is None:
        return _page(house, request, desk, school=school, wrong_domain=typed)
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
