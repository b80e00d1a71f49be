"""Temporary tables that a delivery's changed rows are copied into, and the rows themselves.

The tables live as long as the connection and are empty outside a transaction, which spares the catalogue. Ids are drawn
by the caller: a row knows its id before anybody knows whether it is new, and is sealed under it (K-10).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple, cast
from uuid import UUID

from asyncpg import Record

from unilogin.domain.audit.model import Actor
from unilogin.domain.directory.model import InstitutionId
from unilogin.kit.db.connection import Transaction

PATIENCE = 3600.0
"""Seconds for one COPY or statement of a load: the first load of a large source takes minutes."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose people a delivery tells about, and who brought it: goes into every audit row."""

    institution_id: InstitutionId
    source: str
    delivery: str
    actor: Actor

    @property
    def traces(self) -> tuple[str, str, UUID, str]:
        """The audit columns that are the same in every row: actor, institution, delivery."""
        return (self.actor.kind, self.actor.id, self.institution_id, self.delivery)


class StagedPerson(NamedTuple):
    """A person as a row tells. Ids, sealed number, username and uniid are used only where the number is new."""

    person_id: UUID
    account_id: UUID
    cpr_index: bytes  # of somebody without a number: the look-up value of what the source calls them
    cpr_sealed: bytes | None
    first_name: str
    family_name: str
    protected: bool
    alias_first_name: str | None
    alias_family_name: str | None
    birth_date: date | None
    gender: str | None
    email: str | None
    contact: str  # JSON
    username: str
    uniid: str
    own: bool  # the row is about this person, not about a pupil whose contact they are
    line: int


class StagedMember(NamedTuple):
    """What a person is at the institution."""

    membership_id: UUID
    cpr_index: bytes
    local_person_id: str
    line: int
    raw_hash: bytes
    actor_group: str
    roles: Sequence[str]
    level: str | None
    detail: str  # JSON
    says_protected: bool
    contacts_complete: bool


class StagedGroup(NamedTuple):
    """One group of one membership."""

    membership_id: UUID
    group_id: str
    main: bool


class StagedContact(NamedTuple):
    """One contact person of one pupil's membership."""

    membership_id: UUID
    cpr_index: bytes
    relation: str
    child_custody: bool
    access_level: int
    says_protected: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows to be copied together; ``kept`` are local ids of rows that were refused and must not count as gone."""

    persons: list[StagedPerson] = field(default_factory=list)
    members: list[StagedMember] = field(default_factory=list)
    groups: list[StagedGroup] = field(default_factory=list)
    contacts: list[StagedContact] = field(default_factory=list)
    kept: list[tuple[str]] = field(default_factory=list)


# Behind a pooler a connection outlives a release: one that changes the columns of a table must change its name.
_TABLES = (
    """create temporary table if not exists stage_person (
         person_id uuid, account_id uuid, cpr_index bytea, cpr_sealed bytea, first_name text, family_name text,
         protected boolean, alias_first_name text, alias_family_name text, birth_date date, gender text, email text,
         contact text, username text, uniid text, own boolean, line integer""",
    """create temporary table if not exists stage_member (
         membership_id uuid, cpr_index bytea, local_person_id text, line integer, raw_hash bytea, actor_group text,
         roles text[], level text, detail text, says_protected boolean, contacts_complete boolean,
         known_id uuid, was_active boolean, differs boolean not null default false""",
    "create temporary table if not exists stage_group (membership_id uuid, group_id text, main boolean",
    """create temporary table if not exists stage_contact (
         membership_id uuid, cpr_index bytea, relation text, child_custody boolean, access_level smallint,
         says_protected boolean""",
    "create temporary table if not exists stage_kept (local_person_id text",
    # One row for each number: who it is, and whether they are new.
    """create temporary table if not exists stage_who (
         cpr_index bytea, staged_id uuid, person_id uuid, account_id uuid, is_new boolean, username text""",
)
_MAKE_TABLES = ";".join(f"{table}) on commit delete rows" for table in _TABLES)

# A text that may be long makes a table of its own with an index, to be emptied at every commit, too. None of ours is:
# the formats count what they take (``Field.longest``), and a row of the longest is a third of a page.
_SHORT = re.compile(r"\b(text\[\]|text\b|bytea\b)")
_MAKE_SHORT_TABLES = _SHORT.sub(r"\1 storage plain", _MAKE_TABLES)
_KNOWS_STORAGE = (16,)


_NAMES = re.findall(r"exists (stage_\w+)", _MAKE_TABLES)
IS_PREPARED = " and ".join(f"to_regclass('pg_temp.{name}') is not null" for name in _NAMES)
"""SQL: whether the connection has its tables."""


async def prepare_staging(tx: Transaction) -> None:
    """Make the tables of this connection if it has none yet."""
    await tx.execute(_MAKE_SHORT_TABLES if tx.get_server_version() >= _KNOWS_STORAGE else _MAKE_TABLES)


async def plan_anew(tx: Transaction) -> None:
    """Forget the plans of this connection: those made for a class of thirty take hours for a whole town.

    Not by ``plan_cache_mode``: that would plan the check of every single foreign key, and double the cost of a load.
    """
    await tx.execute("discard plans")


_TOWN = 1 << 20
"""Bytes: what some three thousand persons take when they are staged."""

# Of a temporary table PostgreSQL knows nothing and takes it to be larger than a night's changes are. So it would read
# whole tables of people to find a few, and more of them the more there are: a school goes by keys.
_SIZES = f"""
  with staged as (
    select coalesce(pg_relation_size(to_regclass('pg_temp.stage_person')), 0)
           + coalesce(pg_relation_size(to_regclass('pg_temp.stage_member')), 0) as bytes
  )
  select bytes as staged, pg_relation_size('directory_person') as people,
         case when bytes < {_TOWN} then set_config('enable_seqscan', 'off', true) end,
         case when bytes < {_TOWN} then set_config('enable_mergejoin', 'off', true) end
  from staged
"""


async def at_size(tx: Transaction) -> Transaction:
    """Return the transaction for the statements that follow the staging: they have plans of their own for each size.

    Those made for a class of thirty take hours for a whole town, and to plan anew costs a school more than half of what
    its few changes do. So the same statement goes by another text where an eighth as much was staged, or half as many
    people were known. The text names its plan, whoever else a pooler lets use the connection.
    """
    sizes = await tx.fetchrow(_SIZES)
    staged, people = (sizes["staged"], sizes["people"]) if sizes else (0, 0)
    mark = f"/* {(staged >> 20).bit_length() // 3}-{(people >> 20).bit_length()} */ "
    return cast("Transaction", _Marked(tx, mark))


class _Marked:
    """A connection that writes its mark before every statement."""

    def __init__(self, connection: Transaction, mark: str) -> None:
        self._connection = connection
        self._mark = mark

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)

    async def execute(self, query: str, *arguments: object, timeout: float | None = None) -> str:
        return await self._connection.execute(self._mark + query, *arguments, timeout=timeout)

    async def fetch(self, query: str, *arguments: object, timeout: float | None = None) -> list[Record]:
        return await self._connection.fetch(self._mark + query, *arguments, timeout=timeout)

    async def fetchrow(self, query: str, *arguments: object, timeout: float | None = None) -> Record | None:
        return await self._connection.fetchrow(self._mark + query, *arguments, timeout=timeout)

    async def fetchval(self, query: str, *arguments: object, timeout: float | None = None) -> object:
        return await self._connection.fetchval(self._mark + query, *arguments, timeout=timeout)


async def copy_batch(tx: Transaction, batch: Batch) -> None:
    """Add rows to the staging tables."""
    if batch.persons:
        await tx.copy_records_to_table(
            "stage_person", records=batch.persons, columns=StagedPerson._fields, timeout=PATIENCE
        )
    if batch.members:
        await tx.copy_records_to_table(
            "stage_member", records=batch.members, columns=StagedMember._fields, timeout=PATIENCE
        )
    if batch.groups:
        await tx.copy_records_to_table(
            "stage_group", records=batch.groups, columns=StagedGroup._fields, timeout=PATIENCE
        )
    if batch.contacts:
        await tx.copy_records_to_table(
            "stage_contact", records=batch.contacts, columns=StagedContact._fields, timeout=PATIENCE
        )
    if batch.kept:
        await tx.copy_records_to_table("stage_kept", records=batch.kept, columns=["local_person_id"], timeout=PATIENCE)
