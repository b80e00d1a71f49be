"""The ring a worker signs with, read again every second: a rotation or a removed key is known everywhere at once."""

import asyncio
import time

from unilogin.domain.keys.model import Keyring
from unilogin.domain.keys.queries import keyring
from unilogin.domain.keys.rules import RING_SECONDS
from unilogin.kit.db.connection import Pool, acquire
from unilogin.kit.secrets import Secrets


class KeyringCache:
    """Keeps the ring for ``RING_SECONDS``, and the opened key for as long as it signs.

    To open a key takes as long as thirty signatures, and the worker can do nothing else meanwhile. Those who find the
    ring too old share one reading, and its failure: without the database nothing is signed (F-38).
    """

    def __init__(self, pool: Pool, secrets: Secrets) -> None:
        self._pool = pool
        self._secrets = secrets
        self._ring: Keyring | None = None
        self._read_at = 0.0
        self._reading: asyncio.Task[Keyring] | None = None

    async def ring(self) -> Keyring:
        """Return the present ring; raises NoSigningKeyError when no key may sign."""
        if self._ring is not None and time.monotonic() - self._read_at <= RING_SECONDS:
            return self._ring
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
        return await asyncio.shield(self._reading)  # one who goes away does not stop it for the others

    async def _read(self) -> Keyring:
        try:
            async with acquire(self._pool) as connection:
                known = self._ring.signing if self._ring else None
                self._ring = await keyring(connection, self._secrets, known=known)
            self._read_at = time.monotonic()
            return self._ring
        finally:
            self._reading = None
