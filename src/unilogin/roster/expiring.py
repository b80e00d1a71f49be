"""What ends by itself: imports that nobody renews, with a warning before; what is kept of people who belong nowhere."""

from datetime import datetime
from typing import NamedTuple

from unilogin.domain.audit.model import SYSTEM
from unilogin.domain.directory.bulk import lock_institutions
from unilogin.domain.directory.bulk_staging import PATIENCE
from unilogin.domain.directory.model import InstitutionId
from unilogin.domain.identity.forgetting import forget_those_who_left
from unilogin.domain.notices.model import Notice
from unilogin.kit.db.connection import Transaction
from unilogin.roster.cpr_cases import close_cases_of_those_who_left, forget_cases
from unilogin.roster.emptying import let_everybody_go
from unilogin.roster.lifecycle import IMPORT_LASTS, RESTS, WARNED_BEFORE, ImportStage, stage_of_import
from unilogin.roster.telling import tell_administrators


class _Import(NamedTuple):
    institution_id: InstitutionId
    source: str
    last: datetime
    warned_at: datetime | None
    now: datetime


_OLD = """
  select l.institution_id, l.source, l.last, s.told_at, kit_now() as now
  from (
    select institution_id, source, max(case when status = 'applied' then applied_at else settled_at end) as last
    from roster_delivery where status = 'applied' or (status = 'undone' and actor_kind = 'system') group by 1, 2
  ) l join directory_institution i using (institution_id) left join roster_stale s using (institution_id, source)
  where l.last <= kit_now() - $1::interval
    and exists (select from directory_membership m
                where m.institution_id = l.institution_id and m.source = l.source and m.ended_at is null)
  order by i.number, l.source
"""
"""Imports that have people. Who takes back that one has ended says that they are still here, as a delivery would."""

_TELL_ONCE = """
  insert into roster_stale as s (institution_id, source) values ($1, $2)
  on conflict (institution_id, source) do update set told_at = kit_now() where s.told_at < $3
  returning true
"""


async def end_old_imports(tx: Transaction) -> None:
    """End the imports that have lasted, and tell administrators of those that will within a month, once."""
    await tx.execute("set local statement_timeout = 0")
    ended = {old.institution_id for old in await _old(tx) if _stage(old) is ImportStage.ENDED}
    await lock_institutions(tx, ended)
    for old in await _old(tx):  # asked again: one may have been renewed while this waited for it
        stage = _stage(old)
        if stage is ImportStage.ENDED and old.institution_id in ended:
            await let_everybody_go(tx, old.institution_id, source=old.source, actor=SYSTEM)
        elif stage is ImportStage.ENDS_SOON and await tx.fetchval(_TELL_ONCE, old.institution_id, old.source, old.last):
            await tell_administrators(tx, old.institution_id, Notice.IMPORT_ENDING)


async def _old(tx: Transaction) -> list[_Import]:
    return [_Import(*row.values()) for row in await tx.fetch(_OLD, IMPORT_LASTS - WARNED_BEFORE, timeout=PATIENCE)]


def _stage(old: _Import) -> ImportStage:
    return stage_of_import(old.last, warned_at=old.warned_at, now=old.now)


async def forget_people(tx: Transaction) -> None:
    """Forget what is not needed to recognise those who have belonged nowhere for long."""
    await tx.execute("set local statement_timeout = 0")
    gone = await forget_those_who_left(tx, after=RESTS)  # people before cases, as deliveries take them
    await close_cases_of_those_who_left(tx)
    await forget_cases(tx, gone.persons)
