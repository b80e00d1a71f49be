"""When we sent a browser on a journey for a request, sealed into the address it comes back to.

``prompt=login`` and ``max_age`` ask for a proof younger than the request. The request itself travels with the browser,
so the moment is signed, and bound to this browser and client: nobody can date it back to make an old session fresh.
"""

import hmac
import re
from datetime import UTC, datetime, timedelta

from unilogin.domain.services.model import ClientId
from unilogin.kit.secrets import Secrets
from unilogin.signin.model import JOURNEY_SECONDS

_STAMP = re.compile(r"([0-9]{10,17})\.([0-9a-f]{32})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def stamp(secrets: Secrets, at: datetime, *, browser: str, client_id: ClientId) -> str:
    """Return the sealed moment."""
    moment = str((at - _EPOCH) // _MICROSECOND)
    return f"{moment}.{_seal(secrets, moment, browser, client_id)}"


def read_stamp(secrets: Secrets, sent: str, *, browser: str, client_id: ClientId, now: datetime) -> datetime | None:
    """Return the moment, or None for anything we did not seal for this browser within the life of a journey."""
    found = _STAMP.fullmatch(sent)
    if found is None or not hmac.compare_digest(found[2], _seal(secrets, found[1], browser, client_id)):
        return None
    moment = _EPOCH + int(found[1]) * _MICROSECOND
    return moment if now - moment <= timedelta(seconds=JOURNEY_SECONDS) else None


def _seal(secrets: Secrets, moment: str, browser: str, client_id: ClientId) -> str:
    return secrets.mac("browser_mac", f"asked:{moment}:{browser}:{client_id}")[:16].hex()
