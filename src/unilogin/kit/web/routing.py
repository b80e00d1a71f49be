"""A URL is one line: method, path, function, access rule. The rule admits or refuses before the function runs.

What a rule returns is what the function receives, so a page that needs a journey or a client cannot be written
without its gate (style guide, 4 and 18).
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

House = TypeVar("House")
Admitted = TypeVar("Admitted")
House_contra = TypeVar("House_contra", contravariant=True)
Admitted_co = TypeVar("Admitted_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Access(Generic[House_contra, Admitted_co]):
    """Who may call: a name, a sentence for the reference, and the gate, which raises RefusedError."""

    name: str
    meaning: str
    admit: Callable[[House_contra, Request], Awaitable[Admitted_co]]


@dataclass(frozen=True, slots=True)
class Url(Generic[House]):
    """One line of ``urls.py``."""

    method: str
    path: str
    endpoint: str
    access: str
    meaning: str
    answer: Callable[[House, Request], Awaitable[Response]]


def url(
    method: str,
    path: str,
    endpoint: Callable[[House, Request, Admitted], Awaitable[Response]],
    *,
    access: Access[House, Admitted],
) -> Url[House]:
    """Join a function to its access rule; the types of the two must fit."""

    async def answer(house: House, request: Request) -> Response:
        return await endpoint(house, request, await access.admit(house, request))

    name = f"{endpoint.__module__.removeprefix('unilogin.')}.{endpoint.__name__}"
    return Url(method, path, name, access.name, access.meaning, answer)


class _PathMethods:
    """Answers the methods of one path; HEAD is answered only where a line lists it, all else with 405 (B-O17)."""

    def __init__(self, urls: dict[str, Url[House]], house: House) -> None:
        self._answers = {method: line.answer for method, line in urls.items()}
        self._allow = ", ".join(sorted(urls))
        self._house = house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        answer = self._answers.get(request.method)
        response = (
            Response(status_code=405, headers={"Allow": self._allow})
            if answer is None
            else await answer(self._house, request)
        )
        await response(scope, receive, send)


def routes(urls: Iterable[Url[House]], house: House) -> list[Route]:
    """Return the routes of all lines, one a path."""
    by_path: dict[str, dict[str, Url[House]]] = {}
    for line in urls:
        by_path.setdefault(line.path, {})[line.method] = line
    return [Route(path, _app(_PathMethods(lines, house)), methods=None) for path, lines in by_path.items()]


def _app(methods: "_PathMethods") -> ASGIApp:
    return methods


class Paths:
    """Finds who answers a path: a constant one by one look, one with parameters by trying those in their order.

    A constant path goes before one with parameters that would fit as well.
    """

    def __init__(self, routes: Sequence[Route], *, otherwise: ASGIApp) -> None:
        self._constant = {route.path: route for route in routes if "{" not in route.path}
        self._with_parameters = [route for route in routes if "{" in route.path]
        self._otherwise = otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._constant.get(scope["path"]) or self._fitting(scope)
        if route is None:
            await self._otherwise(scope, receive, send)
            return
        scope["route"] = route
        await route.app(scope, receive, send)

    def _fitting(self, scope: Scope) -> Route | None:
        for route in self._with_parameters:
            match, found = route.matches(scope)
            if match is Match.FULL:
                scope.update(found)
                return route
        return None
