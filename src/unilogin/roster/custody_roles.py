"""Which roles of a system's files mean custody at an institution, because the institution has said so.

OneRoster has no word for custody, and custody opens a child's password: a role alone never means it. Where a school
vouches for its system, that it calls nobody a parent who may not decide, an operator writes that down here.
"""

from collections.abc import Collection

from unilogin.domain.audit.actions import write
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.directory.model import InstitutionId
from unilogin.kit.db.connection import Connection, Transaction


async def custody_roles(connection: Connection, institution_id: InstitutionId, *, source: str) -> frozenset[str]:
    """Return the roles that mean custody where a file of the system says nothing of it."""
    rows = await connection.fetch(
        "select role from roster_custody_role where institution_id = $1 and source = $2", institution_id, source
    )
    return frozenset(row["role"] for row in rows)


async def set_custody_roles(
    tx: Transaction, institution_id: InstitutionId, *, source: str, roles: Collection[str], actor: Actor
) -> None:
    """Let these roles of the system mean custody from its next delivery on, and no others."""
    await tx.execute(
        "delete from roster_custody_role where institution_id = $1 and source = $2", institution_id, source
    )
    await tx.execute(
        "insert into roster_custody_role (institution_id, source, role) select $1, $2, unnest($3::text[])",
        institution_id,
        source,
        sorted(set(roles)),
    )
    detail = {"source": source, "roles": sorted(set(roles))}
    await write(tx, Entry(Event.CUSTODY_ROLES_SET, actor, institution_id=institution_id, detail=detail))
