"""Reading what somebody is shown of themselves, or of a child of theirs: one statement a list."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from asyncpg import Record

from unilogin.apps.account.model import Happening, Place, Secret, Use
from unilogin.domain.audit.events import Event
from unilogin.domain.credentials.model import PasswordType
from unilogin.domain.directory.model import AccountId, ActorGroup, InstitutionNumber, Standing
from unilogin.domain.directory.queries import BELONGINGS
from unilogin.domain.notices.actions import KEPT_DAYS
from unilogin.domain.services.queries import LICENCES, SERVICE_COLUMNS, licences_of, service_of
from unilogin.domain.services.release import licensed_numbers, may_enter
from unilogin.kit.db.connection import Connection

_PLACES = """
  select i.number, i.name as institution, m.actor_group, m.roles,
         array(select g.name from directory_group_member gm join directory_group g using (group_key)
               where gm.membership_id = m.membership_id and gm.main and g.ended_at is null order by g.name) as classes,
         array(select g.name from directory_group_member gm join directory_group g using (group_key)
               where gm.membership_id = m.membership_id and not gm.main and g.ended_at is null and g.type is not null
               order by g.name) as groups
  from directory_account a join directory_membership m using (person_id)
    join directory_institution i using (institution_id)
  where a.account_id = $1 and m.ended_at is null and i.active
  union all
  select distinct i.number, i.name, 'Kontaktperson', array[]::text[], array[]::text[], array[]::text[]
  from directory_account a join directory_contact k on k.contact_person_id = a.person_id
    join directory_membership m using (membership_id) join directory_institution i using (institution_id)
  where a.account_id = $1 and m.ended_at is null and i.active
  order by 3, 2
"""


async def places(connection: Connection, account_id: AccountId) -> list[Place]:
    """Return where somebody belongs now."""
    return [
        Place(
            InstitutionNumber(row["number"]),
            row["institution"],
            ActorGroup(row["actor_group"]),
            tuple(row["roles"]),
            row["classes"][0] if row["classes"] else None,
            tuple(row["groups"]),
        )
        for row in await connection.fetch(_PLACES, account_id)
    ]


async def secret(connection: Connection, account_id: AccountId) -> Secret | None:
    """Return what kind of password somebody has and since when, or None."""
    row = await connection.fetchrow("select type, set_at from credentials_password where account_id = $1", account_id)
    return Secret(PasswordType(row["type"]), row["set_at"]) if row else None


TOLD_TO_BOTH = (Event.ACCOUNTS_MERGED, Event.ACCOUNT_SPLIT, Event.CORRECTION_UNDONE)
"""What stands in the log of both accounts it is about, and is told once."""

MINE = "(select $1::uuid union all select o.account_id from directory_account o where o.merged_into = $1)"
"""An account, and those that were merged into it: their history is its own."""

_USES = f"""
  with told as (
    select actor_id as client_id, min(at) as first_at, max(at) as last_at from audit_event
    where account_id in {MINE} and action = '{Event.TOKENS_ISSUED}' group by actor_id
  )
  select {SERVICE_COLUMNS}, s.disabled_at is not null as disabled, t.first_at, t.last_at,
         {LICENCES.format(service_id="s.service_id")} as licences
  from directory_account a cross join lateral ({BELONGINGS}) b cross join services_service s
  left join lateral (
    select min(told.first_at) as first_at, max(told.last_at) as last_at
    from services_client c join told using (client_id) where c.service_id = s.service_id
  ) t on true
  where a.account_id = $1 and s.app is null and (s.disabled_at is null or t.first_at is not null)
  order by s.name
"""


async def uses(connection: Connection, standing: Standing) -> list[Use]:
    """Return the services that somebody may enter or that have been told about them, by name."""
    found = [_use(row, standing) for row in await connection.fetch(_USES, standing.account_id)]
    return [use for use in found if use.may_enter or use.first_at]


def _use(row: Record, standing: Standing) -> Use:
    service, licences = service_of(row), licences_of(row["licences"])
    enters = not row["disabled"] and any(
        service.accepts(group)
        and may_enter(service, standing, actor_group=group, licensed=licensed_numbers(licences, group))
        for group in standing.actor_groups
    )
    return Use(service, enters, row["first_at"], row["last_at"])


_NUMBER_CHANGED = f"""
  select max(at) from audit_event
  where account_id in {MINE} and action = '{Event.CPR_CHANGE_ACCEPTED}' and at > kit_now() - $2 * interval '1 day'
"""


async def number_changed_at(connection: Connection, account_id: AccountId) -> datetime | None:
    """Return when somebody's CPR number was last changed, as long as notices are kept."""
    return cast("datetime | None", await connection.fetchval(_NUMBER_CHANGED, account_id, KEPT_DAYS))


_HAPPENINGS = f"""
  select e.sequence, e.at, e.action, e.outcome,
         case when e.actor_kind = 'person' and e.actor_id = e.account_id::text then 'self' else e.actor_kind end as by,
         s.name as service, s.name_en as service_en, coalesce(e.detail->>'kind', e.detail->>'why') as word,
         i.name as place
  from audit_event e left join directory_institution i using (institution_id)
  left join services_client c on c.client_id = e.object left join services_service s using (service_id)
  where e.account_id in {MINE} and e.action = any($2::text[]) and ($3::bigint is null or e.sequence < $3)
    and s.app is null and (e.account_id = $1 or e.action <> all ($5::text[]))
  order by e.at desc, e.sequence desc limit $4
"""


async def happenings(
    connection: Connection, account_id: AccountId, *, actions: Sequence[str], before: int | None, most: int
) -> list[Happening]:
    """Return what happened to an account, the newest first; going into our own apps is nothing that happened."""
    rows = await connection.fetch(_HAPPENINGS, account_id, list(actions), before, most, list(TOLD_TO_BOTH))
    return [
        Happening(
            row["sequence"],
            row["at"],
            row["action"],
            row["outcome"],
            row["by"],
            row["service"],
            row["service_en"],
            row["word"],
            row["place"],
        )
        for row in rows
    ]
