"""What follows somebody from one account to another: each room says which rows of its own do, and how.

A row is found once and its key kept, so that the same rows, and no others, go back the way they came.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from unilogin.kit.db.connection import Transaction


@dataclass(frozen=True, slots=True)
class Follow:
    """One kind of row. ``find`` ($1 from, $2 to) selects the keys of those that follow as ``key``, as text; ``carry``
    ($1 from, $2 to, $3 keys) gives these rows to the other one, in either direction.

    What stays where it is: a row of which the other one has its own.
    """

    what: str
    find: str
    carry: str
    of_person: bool = False  # $1 and $2 are persons, and accounts otherwise


_PEOPLE_LOCK = (0x756E6C67, 1)

FOLLOWING = (
    Follow(
        "memberships",
        "select membership_id::text as key from directory_membership"
        " where person_id = $1 and $1::uuid <> $2::uuid order by 1",
        "update directory_membership set person_id = $2"
        " where person_id = $1 and membership_id = any ($3::text[]::uuid[])",
        of_person=True,
    ),
    Follow(
        "contacts",
        "select c.membership_id::text as key from directory_contact c where c.contact_person_id = $1 and not exists ("
        " select from directory_contact o where o.membership_id = c.membership_id and o.contact_person_id = $2)"
        " order by 1",
        """
        with gone as (
          delete from directory_contact c
          where c.contact_person_id = $1 and c.membership_id = any ($3::text[]::uuid[])
          returning c.membership_id, c.relation, c.child_custody, c.access_level, c.says_protected
        )
        insert into directory_contact
          (membership_id, contact_person_id, relation, child_custody, access_level, says_protected)
        select membership_id, $2, relation, child_custody, access_level, says_protected from gone
        """,
        of_person=True,
    ),
    Follow(
        "former numbers",
        "select encode(cpr_index, 'hex') as key from directory_former_cpr"
        " where person_id = $1 and $1::uuid <> $2::uuid order by 1",
        "update directory_former_cpr set person_id = $2"
        " where person_id = $1 and encode(cpr_index, 'hex') = any ($3::text[])",
        of_person=True,
    ),
    Follow(
        "names",
        "select account_id::text as key from directory_account"
        " where merged_into = $1 and $1::uuid <> $2::uuid order by 1",
        "update directory_account set merged_into = $2"
        " where merged_into = $1 and account_id = any ($3::text[]::uuid[])",
    ),
)


async def lock_people(tx: Transaction, *, patience: float = 60.0) -> None:
    """Wait until nobody else writes people, loads among them, and keep the next one waiting."""
    await tx.execute("select pg_advisory_xact_lock($1, $2)", *_PEOPLE_LOCK, timeout=patience)


async def begin_correcting(tx: Transaction) -> None:
    """Wait as ``lock_people`` does; from now on memberships may go to another person in this transaction."""
    await lock_people(tx)
    await tx.execute("select set_config('unilogin.moving_people', 'on', true)")


async def carry(tx: Transaction, follow: Follow, *, ends: Sequence[object], keys: Sequence[str]) -> None:
    """Give rows from the first of two ends to the second."""
    if keys:
        await tx.execute(follow.carry, *ends, list(keys))


async def found(tx: Transaction, follow: Follow, *, ends: Sequence[object]) -> list[str]:
    """Return the keys of the rows that would follow from the first of two ends to the second."""
    return [row["key"] for row in await tx.fetch(follow.find, *ends)]
