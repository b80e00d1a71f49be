"""From rows of a delivery to rows of the staging tables: ids, sealed CPR numbers, names to try.

No CPR number in clear goes any further than this (K-10, K-13).
"""

import os
import secrets
import time
from collections.abc import Iterable
from uuid import UUID

import msgspec

from unilogin.domain.directory.bulk_staging import Batch, StagedContact, StagedGroup, StagedMember, StagedPerson
from unilogin.domain.directory.cpr import Cpr
from unilogin.domain.directory.usernames import candidate, new_uniid
from unilogin.kit.secrets import CprVault
from unilogin.roster.model import Facts, PersonRow, ReadRow

_encode = msgspec.json.Encoder().encode


class Stager:
    """Turns read rows into batches for COPY."""

    def __init__(self, vault: CprVault) -> None:
        self._vault = vault

    def stage(self, rows: Iterable[ReadRow]) -> Batch:
        """Return what is to be copied for these rows; whoever is told about twice in the same words is staged once."""
        batch = Batch()
        told: dict[Cpr, tuple[Facts, bytes]] = {}
        for read in rows:
            if read.row is not None:
                self._member(batch, read, row=read.row, told=told)
            elif read.local_person_id is not None:
                batch.kept.append((read.local_person_id,))
        return batch

    def _member(self, batch: Batch, read: ReadRow, *, row: PersonRow, told: dict[Cpr, tuple[Facts, bytes]]) -> None:
        membership_id = new_id()
        facts = row.facts
        own = self._vault.index(facts.cpr)
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
            who, cpr_index = told.get(contact.facts.cpr, (None, b""))
            if who != contact.facts:
                cpr_index = cpr_index or self._vault.index(contact.facts.cpr)
                told[contact.facts.cpr] = (contact.facts, cpr_index)
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

    def _person(self, facts: Facts, cpr_index: bytes, *, own: bool, line: int) -> StagedPerson:
        person_id = new_id()
        alias = (facts.alias_first_name or "", facts.alias_family_name or "")
        called = alias if facts.protected else (facts.first_name, facts.family_name)
        return StagedPerson(
            person_id,
            new_id(),
            cpr_index,
            self._vault.seal(facts.cpr, person_id),
            facts.first_name,
            facts.family_name,
            facts.protected,
            facts.alias_first_name,
            facts.alias_family_name,
            facts.birth_date,
            facts.gender,
            facts.email,
            _encode(facts.contact).decode(),
            candidate(*called, attempt=0, draw=secrets.randbelow),
            new_uniid(secrets.randbelow),
            own,
            line,
        )


def new_id() -> UUID:
    """Return a UUID of version 7, as the database makes them: ordered by time, so that indexes grow at one end.

    The node's clock decides nothing here but the order.
    """
    drawn = bytearray(time.time_ns().__floordiv__(1_000_000).to_bytes(6, "big") + os.urandom(10))
    drawn[6] = drawn[6] & 0x0F | 0x70
    drawn[8] = drawn[8] & 0x3F | 0x80
    return UUID(bytes=bytes(drawn))
