"""From rows of a delivery to rows of the staging tables: ids, sealed CPR numbers, names to try.

No CPR number in clear goes any further than this (K-10, K-13).
"""

import os
import time
from collections.abc import Iterable

import msgspec
from asyncpg.pgproto.pgproto import UUID  # made five times faster than the standard one, and an instance of it

from unilogin.domain.directory.bulk_staging import Batch, StagedContact, StagedGroup, StagedMember, StagedPerson
from unilogin.domain.directory.usernames import UNIID_BYTES, candidate, uniid_of
from unilogin.kit.secrets import NONCE_BYTES, CprVault
from unilogin.roster.model import Facts, PersonRow, ReadRow

_DRAWN_AT_ONCE = 8192
_VARIANT = tuple(bytes((0x80 | byte & 0x3F,)) for byte in range(256))
_UNIID_AT = 16 + NONCE_BYTES
_FOR_PERSON = _UNIID_AT + UNIID_BYTES
_encode = msgspec.json.Encoder().encode
_new = tuple.__new__  # half of what the call of a NamedTuple costs, and there are five rows a person


class Stager:
    """Turns read rows into batches for COPY."""

    def __init__(self, vault: CprVault, *, place: str) -> None:
        self._vault = vault
        self._place = place  # institution and source: where the ids of people without a CPR number mean somebody
        self._draw = Drawer()

    def stage(self, rows: Iterable[ReadRow]) -> Batch:
        """Return what is to be copied for these rows; whoever is told about twice in the same words is staged once."""
        batch = Batch()
        told: dict[str, tuple[Facts, bytes]] = {}
        for read in rows:
            if read.row is not None:
                self._member(batch, read, row=read.row, told=told)
            elif read.local_person_id is not None:
                batch.kept.append((read.local_person_id,))
        return batch

    def _member(self, batch: Batch, read: ReadRow, *, row: PersonRow, told: dict[str, tuple[Facts, bytes]]) -> None:
        membership_id = self._draw.new_id()
        facts, line = row.facts, read.line
        own = self.index(facts.key)
        batch.persons.append(self._person(facts, own, own=True, line=line))
        batch.members.append(
            _new(
                StagedMember,
                (
                    membership_id,
                    own,
                    row.local_person_id,
                    line,
                    read.raw_hash,
                    row.actor_group,
                    row.roles,
                    row.level,
                    _encode(row.detail).decode() if row.detail else "{}",
                    facts.protected,
                    row.contacts_complete,
                ),
            )
        )
        if row.main_group is not None:
            batch.groups.append(_new(StagedGroup, (membership_id, row.main_group, True)))
        for group in row.groups:
            batch.groups.append(_new(StagedGroup, (membership_id, group, False)))
        for facts, relation, custody, access_level in row.contacts:
            key = facts.key
            who, cpr_index = told.get(key, (None, b""))
            if who is not facts and who != facts:
                cpr_index = cpr_index or self.index(key)
                told[key] = (facts, cpr_index)
                batch.persons.append(self._person(facts, cpr_index, own=False, line=line))
            contact = (membership_id, cpr_index, relation, custody, access_level, facts.protected)
            batch.contacts.append(_new(StagedContact, contact))

    def index(self, key: str) -> bytes:
        """Return the look-up value of a person's key: a CPR number, or what the source calls somebody without one."""
        return self._vault.index(f"{key}:{self._place}" if key.startswith("=") else key)

    def _person(self, facts: Facts, cpr_index: bytes, *, own: bool, line: int) -> StagedPerson:
        person_id, account_id, nonce, five = self._draw.for_person()
        first, family, cpr, protected, alias_first, alias_family, birth_date, gender, email, contact, _ = facts
        called = (alias_first or "", alias_family or "") if protected else (first, family)
        return _new(
            StagedPerson,
            (
                person_id,
                account_id,
                cpr_index,
                self._vault.seal(cpr, person_id, nonce=nonce) if cpr else None,
                first,
                family,
                protected,
                alias_first,
                alias_family,
                birth_date,
                gender,
                email,
                _encode(contact).decode(),
                candidate(*called, attempt=0, draw=self._draw),
                uniid_of(five),
                own,
                line,
            ),
        )


class Drawer:
    """Random numbers and ids from the operating system's randomness, fetched some thousand bytes at a time."""

    def __init__(self) -> None:
        self._bytes = b""
        self._place = 0
        self._tick = 0  # milliseconds, and twelve bits that count

    def __call__(self, below: int) -> int:
        """Return a number from 0 up to, not including, ``below``; 64 bits leave no bias that matters below 2^40."""
        return int.from_bytes(self._take(8), "big") % below

    def new_id(self) -> UUID:
        """Return a UUID of version 7, as the database makes them: ordered by time, so that indexes grow at one end.

        Those of one drawer are in order (RFC 9562, 6.2). The node's clock decides nothing here but the order.
        """
        drawn = self._take(8)
        return UUID(self._next() + _VARIANT[drawn[0]] + drawn[1:])

    def for_person(self) -> tuple[UUID, UUID, bytes, bytes]:
        """Return what somebody new needs: ids of person and account, a nonce to seal with, five bytes for the uniid."""
        drawn = self._take(_FOR_PERSON)
        head = self._next()
        person_id = UUID(head + _VARIANT[drawn[0]] + drawn[1:8])
        account_id = UUID(head + _VARIANT[drawn[8]] + drawn[9:16])
        return person_id, account_id, drawn[16:_UNIID_AT], drawn[_UNIID_AT:]

    def _next(self) -> bytes:
        """Return the first half of the next id: the time, the version, and what counts."""
        self._tick = tick = self._tick + 1
        return (tick >> 12 << 16 | 0x7000 | tick & 0xFFF).to_bytes(8, "big")

    def _take(self, count: int) -> bytes:
        place = self._place
        if place + count > len(self._bytes):
            self._bytes, place = os.urandom(_DRAWN_AT_ONCE), 0
            self._tick = max(self._tick, time.time_ns() // 1_000_000 << 12)
        self._place = place + count
        return self._bytes[place : place + count]
