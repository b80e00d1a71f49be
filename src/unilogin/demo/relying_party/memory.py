"""Who is signed in, kept in memory: a demo may forget everybody when it stops."""

import secrets
import time
from collections import OrderedDict

from unilogin.demo.relying_party.back_channel import LogoutToken
from unilogin.demo.relying_party.model import Visit

EIGHT_HOURS = 8 * 3600
MOST_VISITS = 5000


class Visits:
    """Visits by a random id that the browser holds in its cookie; the oldest make room for new ones."""

    def __init__(self) -> None:
        self._visits: OrderedDict[str, tuple[float, Visit]] = OrderedDict()
        self._heard: dict[str, int] = {}

    def begin(self, visit: Visit) -> str:
        """Remember a visit under a new id; never under one the browser came with (session fixation)."""
        visit_id = secrets.token_urlsafe(32)
        self.keep(visit_id, visit)
        while len(self._visits) > MOST_VISITS:
            self._visits.popitem(last=False)
        return visit_id

    def keep(self, visit_id: str, visit: Visit) -> None:
        self._visits[visit_id] = (time.monotonic() + EIGHT_HOURS, visit)

    def find(self, visit_id: str | None) -> Visit | None:
        expires, visit = self._visits.get(visit_id or "", (0.0, None))
        return visit if time.monotonic() < expires else None

    def end(self, visit_id: str | None) -> Visit | None:
        visit = self.find(visit_id)
        self._visits.pop(visit_id or "", None)
        return visit

    def end_all(self, over: LogoutToken) -> bool:
        """Forget everybody whom Unilogin says has logged out; return False when it said so before (a replay)."""
        now = int(time.time())
        self._heard = {token_id: until for token_id, until in self._heard.items() if until > now}
        if over.token_id in self._heard:
            return False
        self._heard[over.token_id] = over.expires
        for visit_id in [name for name, (_, visit) in self._visits.items() if over.means(visit.signed_in.claims)]:
            del self._visits[visit_id]
        return True
