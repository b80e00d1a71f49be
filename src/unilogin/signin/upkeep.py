"""What throttling must know of the people here: how many pupils a site has, and how many people have pictures."""

from unilogin.domain.limits.actions import set_site_pupils, settle_decoys
from unilogin.kit.db.connection import Transaction

LEAST_PEOPLE = 100
"""Of fewer people with a secret no share is made."""


async def count_pupils_of_sites(tx: Transaction) -> None:
    """Count the pupils behind each registered range: what may fail there depends on it (R8)."""
    rows = await tx.fetch(
        "select r.range, count(distinct m.person_id)::int as pupils from limits_site_range r"
        " left join directory_membership m on m.institution_id = r.institution_id and m.actor_group = 'Elev'"
        " and m.ended_at is null group by r.range"
    )
    await set_site_pupils(tx, {row["range"]: row["pupils"] for row in rows})


async def settle_decoy_pages(tx: Transaction) -> None:
    """Let unknown names be shown pictures as often as people here have them (D10, B-L03)."""
    row = await tx.fetchrow(
        "select count(account_id) filter (where type = 'pictures') as pictures, count(account_id) as people"
        " from credentials_password"
    )
    if row and row["people"] >= LEAST_PEOPLE:
        await settle_decoys(tx, row["pictures"] / row["people"])
