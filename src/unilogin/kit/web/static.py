"""Serves the files of the look from memory."""

from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from unilogin.kit.web.assets import Assets
from unilogin.kit.web.errors import RefusedError


class HasAssets(Protocol):
    """What has files to serve."""

    @property
    def assets(self) -> Assets:
        """The files."""


async def asset(house: HasAssets, request: Request, admitted: None) -> Response:
    """Answer one file by its address; the address holds the file's hash, so it may be kept for ever."""
    found = house.assets.at(request.url.path)
    if found is None:
        raise RefusedError(404, "look.stopped.not_found")
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(found.body, media_type=found.content_type, headers=headers)
