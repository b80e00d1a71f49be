"""A passkey, what an authenticator answers, and why an answer is not taken."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from unilogin.domain.directory.model import AccountId
from unilogin.domain.services.model import Level

PasskeyId = NewType("PasskeyId", UUID)


class Purpose(StrEnum):
    """What an authenticator is asked for."""

    ADD = "add"
    SIGN_IN = "sign in"


@dataclass(frozen=True, slots=True)
class Bond:
    """To what a question to an authenticator is bound: its purpose, the session or journey, the browser."""

    purpose: Purpose
    about: UUID
    browser: bytes


@dataclass(frozen=True, slots=True)
class Site:
    """Who asks, as WebAuthn names it: the host passkeys belong to, and the one origin whose pages may ask."""

    rp_id: str
    origin: str


@dataclass(frozen=True, slots=True)
class Passkey:
    """A line of somebody's list of passkeys; ``here`` when it was last used in the browser that asks."""

    passkey_id: PasskeyId
    name: str
    level: Level
    backed_up: bool
    here: bool
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class StoredPasskey:
    """What an answer is checked against, and whose it is."""

    passkey_id: PasskeyId
    account_id: AccountId
    public_key: bytes
    level: Level
    backup_eligible: bool
    holds_right: bool
    made_for: AccountId
    """Whom the device knows it by: another account than the present one's where two were merged."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """An answer to "sign in", taken apart; nothing of it is believed yet. ``challenge`` as the browser wrote it.

    ``framed``: asked by a page inside a page of another site. ``built_in``: the key is in the device that the browser
    runs on, as it says; good for nothing but a word in a list.
    """

    challenge: str
    framed: bool
    built_in: bool
    credential_id: bytes
    client_data: bytes
    authenticator_data: bytes
    signature: bytes
    user_handle: bytes


@dataclass(frozen=True, slots=True)
class Attestation:
    """An answer to "add", taken apart; nothing of it is believed yet."""

    challenge: str
    framed: bool
    built_in: bool
    credential_id: bytes
    client_data: bytes
    attestation_object: bytes
    transports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VerifiedUse:
    """A signature that is right, by a person who unlocked the device."""

    sign_count: int
    backed_up: bool


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """A key pair that was made for us, by a person who unlocked the device."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: tuple[str, ...]
    backup_eligible: bool
    backed_up: bool


class NotAdded(StrEnum):
    """Why a passkey is not asked for, or not kept."""

    NOT_FRESH = "not fresh"  # the session has ended, or one has to sign in anew first
    TOO_OFTEN = "too often"  # asked for again and again
    TOO_MANY = "too many"
    KNOWN = "known"  # the very same passkey is here already
