"""From rows of a delivery to rows of the staging tables: ids, sealed CPR numbers, names to try.

No CPR number in clear goes any further than this (K-10, K-13).
"""

import os
import time
from collections.abc import Iterable

import msgspec
from asyncpg.pgproto.pgproto import UUID  # made five times faster than the standard one, and an instance of it

from unilogin.domain.directory.bulk_staging import Batch, StagedContact, StagedGroup, StagedMember, StagedPerson
from unilogin.domain.directory.usernames import candidate, new_uniid
from unilogin.kit.secrets import CprVault
from unilogin.roster.model import Facts, PersonRow, ReadRow

_DRAWN_AT_ONCE = 8192
_encode = msgspec.json.Encoder().encode


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
        facts = row.facts
        own = self.index(facts.key)
        batch.persons.append(self._person(facts, own, own=True, line=read.line))
        batch.members.append(
            StagedMember(
                membership_id,
                own,
                row.local_person_id,
                read.line,
                read.raw_hash,
                row.actor_group,
                row.roles,
                row.level,
                _encode(row.detail).decode(),
                facts.protected,
                row.contacts_complete,
            )
        )
        if row.main_group is not None:
            batch.groups.append(StagedGroup(membership_id, row.main_group, main=True))
        for group in row.groups:
            batch.groups.append(StagedGroup(membership_id, group, main=False))
        for contact in row.contacts:
            key = contact.facts.key
            who, cpr_index = told.get(key, (None, b""))
            if who != contact.facts:
                cpr_index = cpr_index or self.index(key)
                told[key] = (contact.facts, cpr_index)
                batch.persons.append(self._person(contact.facts, cpr_index, own=False, line=read.line))
            batch.contacts.append(
                StagedContact(
                    membership_id,
                    cpr_index,
                    contact.relation,
                    contact.child_custody,
                    contact.access_level,
                    contact.facts.protected,
                )
            )

    def index(self, key: str) -> bytes:
        """Return the look-up value of a person's key: a CPR number, or what the source calls somebody without one."""
        return self._vault.index(f"{key}:{self._place}" if key.startswith("=") else key)

    def _person(self, facts: Facts, cpr_index: bytes, *, own: bool, line: int) -> StagedPerson:
        person_id = self._draw.new_id()
        alias = (facts.alias_first_name or "", facts.alias_family_name or "")
        called = alias if facts.protected else (facts.first_name, facts.family_name)
        return StagedPerson(
            person_id,
            self._draw.new_id(),
            cpr_index,
            self._vault.seal(facts.cpr, person_id) if facts.cpr else None,
            facts.first_name,
            facts.family_name,
            facts.protected,
            facts.alias_first_name,
            facts.alias_family_name,
            facts.birth_date,
            facts.gender,
            facts.email,
            _encode(facts.contact).decode(),
            candidate(*called, attempt=0, draw=self._draw),
            new_uniid(self._draw),
            own,
            line,
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
        self._tick = tick = self._tick + 1
        head = (tick >> 12 << 16 | 0x7000 | tick & 0xFFF).to_bytes(8, "big")
        return UUID(head + bytes((0x80 | drawn[0] & 0x3F,)) + drawn[1:])

    def _take(self, count: int) -> bytes:
        place = self._place
        if place + count > len(self._bytes):
            self._bytes, place = os.urandom(_DRAWN_AT_ONCE), 0
            self._tick = max(self._tick, time.time_ns() // 1_000_000 << 12)
        self._place = place + count
        return self._bytes[place : place + count]
