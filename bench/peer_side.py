"""The other side: browsers in which somebody is signed in at oidc-provider."""

import itertools

from bench.relying_party import RelyingParty, Service, Visit
from bench.wire import Browser

_numbers = itertools.count()


def signed_in_browsers(party: RelyingParty, service: Service, count: int) -> list[Browser]:
    """Return browsers that have entered one service already, each with somebody else's session."""
    visits = [Visit(Browser(party.wire), service) for _ in range(count)]
    for visit in visits:
        answer = visit.browser.get(party.authorization_url(visit, login_hint=f"{next(_numbers):010x}"))
        while not answer.location.startswith(service.redirect_uri):
            if not answer.location:
                raise answer.unexpected()
            answer = visit.browser.get(answer.location)
        party.take_code(visit, answer)
    return [visit.browser for visit in visits]
