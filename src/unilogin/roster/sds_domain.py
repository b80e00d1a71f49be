"""A school's domain at Microsoft: asked once, remembered, and put behind the usernames of its exports for SDS."""

from unilogin.domain.audit.actions import write
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.directory.model import AccountId, InstitutionId
from unilogin.kit.db.connection import Connection, Transaction


async def domain_of(connection: Connection, institution_id: InstitutionId) -> str | None:
    """Return the domain that an institution's exports for SDS have, or None."""
    found: str | None = await connection.fetchval(
        "select domain from roster_sds_domain where institution_id = $1", institution_id
    )
    return found


async def remember_domain(
    tx: Transaction, institution_id: InstitutionId, domain: str | None, *, by: AccountId, actor: Actor
) -> None:
    """Remember a domain, as ``read_domain`` returns it, or forget it when there is none."""
    if domain == await domain_of(tx, institution_id):
        return
    if domain is None:
        await tx.execute("delete from roster_sds_domain where institution_id = $1", institution_id)
    else:
        await tx.execute(
            "insert into roster_sds_domain (institution_id, domain, said_by) values ($1, $2, $3)"
            " on conflict (institution_id) do update"
            " set domain = excluded.domain, said_by = excluded.said_by, said_at = kit_now()",
            institution_id,
            domain,
            by,
        )
    detail = {"domain": domain or ""}
    await write(tx, Entry(Event.EXPORT_DOMAIN_SET, actor, institution_id=institution_id, detail=detail))
