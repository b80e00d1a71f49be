"""Reading what browsers and clients post: bounded, strict, one type of body."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import ClientDisconnect, Request

from unilogin.kit.strict_json import JsonError, read_object
from unilogin.kit.web.errors import FormRefusedError, RefusedError

MAX_FORM_BYTES = 16 * 1024
MAX_FIELDS = 64

BODY_SECONDS = 10.0
"""How long a body may take: who sends a byte a second wants to keep us busy (B-L18)."""

Fields = Mapping[str, list[str]]


async def read_fields(request: Request, *, most: int = MAX_FIELDS) -> Fields:
    """Return the fields of an urlencoded body, each with all its values; at most so many values in all.

    Raises:
        FormRefusedError: 413 for more than 16 kB, 415 for another content type, 408 for a body that takes too long,
            400 for a malformed one and for one that breaks off.

    """
    content_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if content_type != "application/x-www-form-urlencoded":
        raise FormRefusedError(415, "look.stopped.form")
    try:
        return parse_fields((await _body(request)).decode("ascii"), most=most)
    except UnicodeDecodeError as error:  # whoever does not encode would be read as something else than they meant
        raise FormRefusedError(400, "look.stopped.form") from error


async def read_json(request: Request) -> dict[str, Any]:
    """Return the JSON object of a body.

    Raises:
        FormRefusedError: as ``read_fields``; 400 for what is no object, or gives a member twice.

    """
    content_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if content_type != "application/json":
        raise FormRefusedError(415, "look.stopped.form")
    try:
        return read_object(await _body(request))
    except JsonError as error:
        raise FormRefusedError(400, "look.stopped.form") from error


async def _body(request: Request) -> bytes:
    """Read at most ``MAX_FORM_BYTES``, whatever the length header claims."""
    if int(request.headers.get("content-length", "0") or 0) > MAX_FORM_BYTES:
        raise FormRefusedError(413, "look.stopped.form")
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_FORM_BYTES:
                    raise FormRefusedError(413, "look.stopped.form")
    except TimeoutError as error:
        raise FormRefusedError(408, "look.stopped.form") from error
    except ClientDisconnect as error:  # went away, or sent what is no HTTP: no fault of ours
        raise FormRefusedError(400, "look.stopped.form") from error
    return bytes(body)


def parse_fields(encoded: str, *, most: int = MAX_FIELDS) -> Fields:
    """Return the fields of an urlencoded text; raises FormRefusedError (400) for bad UTF-8, NUL or too many fields."""
    try:
        pairs = parse_qsl(encoded, keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=most)
    except ValueError as error:
        raise FormRefusedError(400, "look.stopped.form") from error
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        if "\x00" in name or "\x00" in value:
            raise FormRefusedError(400, "look.stopped.form")
        fields.setdefault(name, []).append(value)
    return fields


def one(fields: Fields, name: str) -> str:
    """Return the first value of a field, or an empty string."""
    return fields.get(name, [""])[0]


def refuse_foreign_post(request: Request, *, origin: str) -> None:
    """Refuse a post that another site made this browser send (N-62); raises RefusedError (403).

    Browsers send Origin with every post; Sec-Fetch-Site where they know it. A client that sends neither is no browser
    and has no cookie of somebody else's.
    """
    sent = request.headers.get("origin")
    if sent is not None and sent != origin:
        raise RefusedError(403, "look.stopped.foreign")
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise RefusedError(403, "look.stopped.foreign")


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL as browsers write an origin."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
