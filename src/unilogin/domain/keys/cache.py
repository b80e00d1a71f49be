"""The ring a worker signs with, read again every few seconds."""

import time

from unilogin.domain.keys.model import Keyring
from unilogin.domain.keys.queries import keyring
from unilogin.domain.keys.rules import RING_SECONDS
from unilogin.kit.db.connection import Pool, acquire
from unilogin.kit.secrets import Secrets


class KeyringCache:
    """Keeps the ring for ``RING_SECONDS``: opening a sealed key for every token would cost more than signing."""

    def __init__(self, pool: Pool, secrets: Secrets) -> None:
        self._pool = pool
        self._secrets = secrets
        self._ring: Keyring | None = None
        self._read_at = 0.0

    async def ring(self) -> Keyring:
        """Return the present ring; raises NoSigningKeyError when no key may sign."""
        if self._ring is None or time.monotonic() - self._read_at > RING_SECONDS:
            async with acquire(self._pool) as connection:
                self._ring = await keyring(connection, self._secrets)
            self._read_at = time.monotonic()
        return self._ring
