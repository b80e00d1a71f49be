"""Systems that an institution does not listen to: one it has left, or one it has not changed to yet."""

from unilogin.domain.directory.model import InstitutionId
from unilogin.kit.db.connection import Transaction


async def stop_hearing(tx: Transaction, institution_id: InstitutionId, *, source: str) -> None:
    """Refuse deliveries of a system at an institution from now on."""
    await tx.execute(
        "insert into roster_source_not_heard (institution_id, source) values ($1, $2) on conflict do nothing",
        institution_id,
        source,
    )


async def hear(tx: Transaction, institution_id: InstitutionId, *, source: str) -> None:
    """Let deliveries of a system count again."""
    await tx.execute(
        "delete from roster_source_not_heard where institution_id = $1 and source = $2", institution_id, source
    )
