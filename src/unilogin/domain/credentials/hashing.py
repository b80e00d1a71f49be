"""Argon2id behind a bounded pool: the one door to password hashing (K-21 … K-25).

The input is HMAC-SHA-256(pepper, secret): a stolen table of hashes cannot even be guessed at without the key that
lives outside the database. The C code releases the GIL, so the worker serves others meanwhile; at most one hash a
slot runs at a time, so memory is bounded by slots × 19 MiB. Who gets a slot next: ``admission.py``.
"""

import hashlib
import hmac
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from argon2.low_level import Type

from unilogin.domain.credentials.admission import Admission, Load, Place
from unilogin.domain.credentials.model import Fitted, StoredPassword

MEMORY_KIB = 19 * 1024
TIME_COST = 2
PARALLELISM = 1
PEPPER_VERSION = 1

_ARGON2 = PasswordHasher(
    time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=PARALLELISM, hash_len=32, salt_len=16, type=Type.ID
)


def slots_of_a_worker(*, workers: int, cores: int | None = None) -> int:
    """Return how many hashes one of so many workers may run at once: together as many as there are cores."""
    return max(1, (cores or os.cpu_count() or 1) // max(1, workers))


class Hasher:
    """Hashes and verifies secrets for one worker."""

    def __init__(self, pepper: bytes, *, slots: int | None = None) -> None:
        self._pepper = pepper
        self._admission = Admission(slots or slots_of_a_worker(workers=1))
        # What a secret for an unknown name is checked against: the same work as for a real one (K-25).
        self.dummy_hash = _hash_of_nobody()

    @property
    def load(self) -> Load:
        """How busy hashing is now."""
        return self._admission.load

    async def hash(self, secret: bytes) -> str:
        """Return the PHC string of a secret; waits as long as it takes."""
        with self._admission.patient_place() as place:
            return await place.run(lambda: _ARGON2.hash(self._peppered(secret)))

    async def is_one_of(self, secret: bytes, stored: Sequence[StoredPassword]) -> bool:
        """Tell whether a secret is one of a few stored ones, one hash after the other; never with a connection held.

        It waits behind those who sign in on a trusted device: whoever thinks of a password is in no hurry.

        Raises:
            HashBusyError: too many at once; nothing was compared.

        """
        with self.place(trusted=False) as place:
            for one in stored:
                if await place.verify(secret, one):
                    return True
        return False

    @contextmanager
    def place(self, *, trusted: bool) -> Iterator["Verifier"]:
        """Keep a place in the queue, before anything is counted; raises HashBusyError when the queue is too long."""
        with self._admission.place(trusted=trusted) as place:
            yield Verifier(place, self._pepper)

    def _peppered(self, secret: bytes) -> bytes:
        return _peppered(self._pepper, secret)

    def close(self) -> None:
        """Let running hashes finish and stop the threads."""
        self._admission.close()


@cache
def _hash_of_nobody() -> str:
    return _ARGON2.hash(os.urandom(32))


@dataclass(frozen=True, slots=True)
class Verifier:
    """Compares secrets from one place in the queue."""

    _place: Place
    _pepper: bytes = field(repr=False)

    async def verify(self, secret: bytes, stored: StoredPassword) -> Fitted | None:
        """Return Fitted when the secret is the stored one, else None; takes the same work for a decoy."""
        return await self._place.run(lambda: self._verify(secret, stored.hash))

    def _verify(self, secret: bytes, phc: str) -> Fitted | None:
        try:
            _ARGON2.verify(phc, _peppered(self._pepper, secret))
        except VerificationError:
            return None
        return Fitted(outdated=_ARGON2.check_needs_rehash(phc))


def _peppered(pepper: bytes, secret: bytes) -> bytes:
    return hmac.digest(pepper, secret, hashlib.sha256)
