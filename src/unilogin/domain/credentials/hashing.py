"""Argon2id behind a bounded pool: the one door to password hashing (K-21 … K-25).

The input is HMAC-SHA-256(pepper, secret): a stolen table of hashes cannot even be guessed at without the key that
lives outside the database. The C code releases the GIL, so the worker serves others meanwhile; at most one hash a
core runs at a time, so memory is bounded by cores × 19 MiB.
"""

import asyncio
import hashlib
import hmac
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from argon2.low_level import Type

from unilogin.domain.credentials.model import Fitted, StoredPassword

T = TypeVar("T")

MEMORY_KIB = 19 * 1024
TIME_COST = 2
PARALLELISM = 1
PEPPER_VERSION = 1

_ARGON2 = PasswordHasher(
    time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=PARALLELISM, hash_len=32, salt_len=16, type=Type.ID
)


class Hasher:
    """Hashes and verifies secrets for one worker."""

    def __init__(self, pepper: bytes, *, slots: int | None = None) -> None:
        self._pepper = pepper
        self._pool = ThreadPoolExecutor(slots or os.cpu_count() or 1, thread_name_prefix="argon2")
        # What a secret for an unknown name is checked against: the same work as for a real one (K-25).
        self.dummy_hash = _ARGON2.hash(os.urandom(32))

    async def hash(self, secret: bytes) -> str:
        """Return the PHC string of a secret."""
        return await self._run(lambda: _ARGON2.hash(self._peppered(secret)))

    async def verify(self, secret: bytes, stored: StoredPassword) -> Fitted | None:
        """Return Fitted when the secret is the stored one, else None; takes the same work for a decoy."""
        return await self._run(lambda: self._verify(secret, stored.hash))

    def _verify(self, secret: bytes, phc: str) -> Fitted | None:
        try:
            _ARGON2.verify(phc, self._peppered(secret))
        except VerificationError:
            return None
        return Fitted(outdated=_ARGON2.check_needs_rehash(phc))

    def _peppered(self, secret: bytes) -> bytes:
        return hmac.digest(self._pepper, secret, hashlib.sha256)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """Let running hashes finish and stop the threads."""
        self._pool.shutdown(wait=True)
