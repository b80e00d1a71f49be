"""What a correction of who is who changes about persons: numbers, protection, names. What follows: ``following.py``.

A number that somebody does not go on with stays theirs (``directory_former_cpr``): deliveries that still name it find
the same person.
"""

from collections.abc import Mapping

from unilogin.domain.directory.cpr import Cpr
from unilogin.domain.directory.model import AccountId, PersonId
from unilogin.domain.directory.newcomers import open_account
from unilogin.kit.db.connection import Transaction
from unilogin.kit.secrets import CprVault

Image = Mapping[str, object]
"""What of a person a correction may change, as it was; the number stays sealed."""

_IMAGE = """
  select jsonb_build_object(
    'protected', p.protected, 'alias_first_name', p.alias_first_name, 'alias_family_name', p.alias_family_name,
    'protection_doubted_at', p.protection_doubted_at, 'cpr_sealed', p.cpr_sealed, 'cpr_index', p.cpr_index,
    'local_key', p.local_key, 'changed_at', p.changed_at,
    'doubles', (select coalesce(jsonb_agg(to_jsonb(c) order by c.membership_id), '[]') from directory_contact c
                where c.contact_person_id = $1 and exists (
                  select from directory_contact o
                  where o.membership_id = c.membership_id and o.contact_person_id = $2)))
  from directory_person p where p.person_id = $1
"""

_JOIN_DOUBLES = """
  with gone as (
    delete from directory_contact c where c.contact_person_id = $1 and exists (
      select from directory_contact o where o.membership_id = c.membership_id and o.contact_person_id = $2)
    returning c.membership_id, c.child_custody, c.access_level, c.says_protected
  )
  update directory_contact k
  set child_custody = k.child_custody or gone.child_custody, access_level = greatest(k.access_level, gone.access_level),
      says_protected = k.says_protected or gone.says_protected
  from gone where k.membership_id = gone.membership_id and k.contact_person_id = $2
"""

# Custody that a source has ended in the meantime stays ended.
_LESSEN_DOUBLES = """
  update directory_contact c
  set child_custody = b.child_custody and c.child_custody, access_level = least(b.access_level, c.access_level),
      says_protected = b.says_protected
  from jsonb_populate_recordset(null::directory_contact, $1::jsonb) b
  where c.membership_id = b.membership_id and c.contact_person_id = $2
"""
_PUT_DOUBLES_BACK = """
  insert into directory_contact (membership_id, contact_person_id, relation, child_custody, access_level,
                                 says_protected)
  select b.membership_id, b.contact_person_id, b.relation, b.child_custody and c.child_custody,
         least(b.access_level, c.access_level), b.says_protected
  from jsonb_populate_recordset(null::directory_contact, $1::jsonb) b
  join directory_contact c on c.membership_id = b.membership_id and c.contact_person_id = $2
  on conflict do nothing
"""

# N-113: whoever was hidden under either name stays hidden; the alias comes from where there is one.
_PROTECT = """
  update directory_person k
  set protected = true, alias_first_name = coalesce(k.alias_first_name, o.alias_first_name),
      alias_family_name = coalesce(k.alias_family_name, o.alias_family_name), changed_at = kit_now()
  from directory_person o
  where k.person_id = $2 and o.person_id = $1 and o.protected and not k.protected
"""

# Changed today: whoever gave everything away is not forgotten before the correction can no longer be taken back.
_EMPTY = (
    "update directory_person set cpr_sealed = null, cpr_index = null, local_key = null, changed_at = kit_now()"
    " where person_id = $1"
)

_FORMER = """
  insert into directory_former_cpr (cpr_index, person_id)
  select k.key, $2 from unnest($1::bytea[]) as k (key) where k.key is not null on conflict do nothing
"""

# Protection that a source claims in the meantime is not taken back: a name shown once cannot be hidden again.
_RESTORE = """
  update directory_person p
  set cpr_sealed = b.cpr_sealed, cpr_index = b.cpr_index, local_key = b.local_key,
      protected = b.protected or claimed.it,
      alias_first_name = case when claimed.it then coalesce(p.alias_first_name, b.alias_first_name, f.alias_first_name)
                              else b.alias_first_name end,
      alias_family_name = case when claimed.it
                               then coalesce(p.alias_family_name, b.alias_family_name, f.alias_family_name)
                               else b.alias_family_name end,
      protection_doubted_at = b.protection_doubted_at, changed_at = b.changed_at
  from jsonb_populate_record(null::directory_person, $2::jsonb) b, directory_person f, lateral (
    select exists (select from directory_membership m
                   where m.person_id = $1 and m.ended_at is null and m.says_protected)
        or exists (select from directory_contact c where c.contact_person_id = $1 and c.says_protected) as it
  ) claimed
  where p.person_id = $1 and f.person_id = $3
"""


async def image_of(tx: Transaction, person_id: PersonId, *, beside: PersonId) -> Image:
    """Return what a person is, before it is changed; with the pupils whose contact both of two persons are."""
    image: Image = await tx.fetchval(_IMAGE, person_id, beside)
    return image


async def give_numbers(
    tx: Transaction, *, other: PersonId, kept: PersonId, takes: bool, vault: CprVault
) -> bytes | None:
    """Let one person have all numbers of two, and go on with one of them; return that one's look-up value.

    ``takes``: the other one's number is the better one, and is sealed anew for the row it goes to (K-10).
    """
    rows = await tx.fetch(
        "select person_id, cpr_sealed, cpr_index, local_key from directory_person where person_id = any ($1::uuid[])",
        [other, kept],
    )
    theirs = {row["person_id"]: row for row in rows}
    old, new = theirs[other], theirs[kept]
    await tx.execute(_EMPTY, other)
    former = [old["cpr_index"], old["local_key"]]
    if takes and old["cpr_sealed"] is not None:
        sealed = vault.seal(vault.open(old["cpr_sealed"], other), kept)
        await tx.execute(
            "update directory_person set cpr_sealed = $2, cpr_index = $3 where person_id = $1",
            kept,
            sealed,
            old["cpr_index"],
        )
        former = [new["cpr_index"], old["local_key"]]
    await tx.execute(_FORMER, former, kept)
    left: bytes | None = old["cpr_index"] if takes else new["cpr_index"]
    return left


async def protect_as(tx: Transaction, *, other: PersonId, kept: PersonId) -> None:
    """Hide the one person when the other one is hidden."""
    await tx.execute(_PROTECT, other, kept)


async def join_contacts(tx: Transaction, *, other: PersonId, kept: PersonId) -> None:
    """Let somebody who is a pupil's contact twice be it once, with the more of both."""
    await tx.execute(_JOIN_DOUBLES, other, kept)


async def restore(tx: Transaction, *, other: PersonId, kept: PersonId, images: tuple[Image, Image]) -> None:
    """Make two persons what they were; ``images`` in the same order. What they have goes back before this."""
    of_other, of_kept = images
    numbers = [str(image[name]) for image in images for name in ("cpr_index", "local_key") if image.get(name)]
    await tx.execute("delete from directory_former_cpr where cpr_index = any ($1::text[]::bytea[])", numbers)
    await tx.execute(_PUT_DOUBLES_BACK, of_other["doubles"], kept)
    await tx.execute(_LESSEN_DOUBLES, of_kept["doubles"], kept)
    await tx.execute(_RESTORE, kept, dict(of_kept), other)
    await tx.execute(_RESTORE, other, dict(of_other), kept)


async def lead_to(tx: Transaction, account_id: AccountId, *, to: AccountId | None) -> None:
    """Let the name of an account lead to another one's from now on, or to its own again."""
    await tx.execute("update directory_account set merged_into = $2 where account_id = $1", account_id, to)


_MAKE = """
  insert into directory_person (person_id, first_name, family_name, protected, alias_first_name, alias_family_name,
                                cpr_sealed, cpr_index)
  select $1, $2, $3, p.protected, p.alias_first_name, p.alias_family_name, $4, $5
  from directory_person p where p.person_id = $6
  returning case when protected then alias_first_name else first_name end as first_name,
            case when protected then alias_family_name else family_name end as family_name
"""


async def make_person(
    tx: Transaction, names: tuple[str, str], *, split_from: PersonId, number: Cpr | None, vault: CprVault
) -> AccountId:
    """Make somebody who was taken for another: hidden if the other is, with an account of their own."""
    person_id = PersonId(await tx.fetchval("select kit_uuid7()"))
    sealed, index = (vault.seal(number, person_id), vault.index(number)) if number else (None, None)
    called = await tx.fetchrow(_MAKE, person_id, *names, sealed, index, split_from)
    assert called is not None  # noqa: S101 - for the type checker: persons are never deleted
    return await open_account(tx, person_id, (called["first_name"], called["family_name"]))
