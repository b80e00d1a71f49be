"""Random things and what is stored of them: the guess probability of every artefact is at most 2^-160 (N-48)."""

import hashlib
import secrets
from typing import NewType

Digest = NewType("Digest", bytes)
"""SHA-256 of a random token: what the database keeps, so that a dump holds nothing that opens a door."""


def new_token() -> str:
    """Return 256 random bits as 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> Digest:
    """Return what is stored of a token. Plain SHA-256 is enough: the input is random, not chosen by people."""
    return Digest(hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest())


# Without 0/O, 1/I/L and the like: read aloud on the telephone between a school and a vendor.
_INCIDENT_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_incident_id() -> str:
    """Return an incident id such as ``7KQ2-M9XD``: 8 characters, about 39 bits; looks a case up, opens nothing."""
    drawn = "".join(secrets.choice(_INCIDENT_ALPHABET) for _ in range(8))
    return f"{drawn[:4]}-{drawn[4:]}"
