"""Keyed hashes: what throttling keeps in place of usernames, cookies and secrets.

All come from the throttle key, which lives outside the database. The key of an hour is derived from it, so all workers
have the same one without talking to each other (R9).
"""

import hashlib
import hmac
from dataclasses import dataclass, field

from unilogin.domain.limits.model import AccountKey, DeviceKey, Net, Prints, Site

AGAIN_BYTES = 8
"""The width of one print in ``limits_bucket.prints``."""

SITE_BYTES = 4
_ACCOUNT_BYTES = 8
NO_SITE = bytes(SITE_BYTES)


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """Makes them, for one installation."""

    key: bytes = field(repr=False)

    def account(self, username: str) -> AccountKey:
        """Return the key of a folded username, given to somebody or not."""
        return AccountKey(self._mac(f"account:{username}"))

    def device(self, cookie: str) -> DeviceKey:
        """Return the key of a browser: another hash than the journey keeps, so the two cannot be joined."""
        return DeviceKey(self._mac(f"device:{cookie}"))

    def decoy_home(self, account: AccountKey, site: Site) -> bool:
        """Tell whether a site plays the home of a name that is nobody's: always the same for one name and site."""
        return bool(self._mac(f"home:{account.hex()}:{site.range}")[0] & 1)

    def prints(self, account: AccountKey, secret: bytes, *, site: Site | None, hour: int) -> Prints:
        """Return the prints of one attempt."""
        now, before = self._hour(hour), self._hour(hour - 1)
        return Prints(
            again=hmac.digest(now, b"again:" + account + secret, hashlib.sha256)[:AGAIN_BYTES],
            spray=hmac.digest(now, b"spray:" + secret, hashlib.sha256)[:16],
            earlier_spray=hmac.digest(before, b"spray:" + secret, hashlib.sha256)[:16],
            tag=(site_tag(site.range) if site else NO_SITE) + account[:_ACCOUNT_BYTES],
        )

    def client(self, client_id: str) -> bytes:
        """Return the key of what somebody says is a client id."""
        return self._mac(f"client:{client_id}")

    def _hour(self, hour: int) -> bytes:
        return hmac.digest(self.key, f"hour:{hour}".encode(), hashlib.sha256)

    def _mac(self, message: str) -> bytes:
        return hmac.digest(self.key, message.encode("utf-8", "surrogatepass"), hashlib.sha256)[:16]


def site_tag(site: Net) -> bytes:
    """Return the short name of a site in the tags of R9; never that of no site."""
    return b"\x01" + hashlib.sha256(str(site).encode()).digest()[: SITE_BYTES - 1]
