"""The other side: browsers in which somebody is signed in at oidc-provider."""

import itertools

import httpx

from bench.relying_party import RelyingParty, Service, Visit, authorization_url, code_in

_numbers = itertools.count()


async def signed_in_browsers(party: RelyingParty, service: Service, count: int) -> list[httpx.AsyncClient]:
    """Return browsers that have entered one service already, each with somebody else's session."""
    browsers = []
    for _ in range(count):
        visit = Visit(httpx.AsyncClient(), service)
        url = authorization_url(party.endpoints, visit, login_hint=f"{next(_numbers):010x}")
        answer = await visit.browser.get(url)
        while answer.next_request and not answer.headers["location"].startswith(service.redirect_uri):
            answer = await visit.browser.send(answer.next_request)
        code_in(answer, visit)
        browsers.append(visit.browser)
    return browsers
