"""What somebody who is signed in has to prove more with: looked up only where more is asked than was proved."""

from unilogin.domain.access.teaching import TAUGHT
from unilogin.domain.directory.custody import CUSTODIANS
from unilogin.domain.directory.model import AccountId, Username
from unilogin.domain.notices.queries import SMALL
from unilogin.domain.services.model import Level
from unilogin.domain.sessions.vouching import CHILD
from unilogin.kit.db.connection import Connection
from unilogin.signin.model import Means, ProviderKind

_GUARDIAN = f"""exists (
  select from directory_person adult join directory_account g using (person_id)
  where adult.person_id in ({CUSTODIANS}) and adult.cpr_index is not null and g.blocked_at is null)"""

_MEANS = f"""
  select a.username, p.cpr_index is not null as cpr_known, not ({SMALL}) as old_enough,
    exists (select from signin_provider v where v.kind = $2 and v.disabled_at is null) as mitid_offered,
    not exists (select from directory_institution i where i.active and not i.public_law_body and i.institution_id in (
      select m.institution_id from directory_membership m where m.person_id = a.person_id and m.ended_at is null
      union all
      select m.institution_id from directory_contact k join directory_membership m using (membership_id)
      where k.contact_person_id = a.person_id and m.ended_at is null)) as public_law,
    exists (select from credentials_passkey c where c.account_id = a.account_id and c.level = $3) as sure_passkey,
    {CHILD.format(who="a")} as child, {_GUARDIAN} as guardian, {TAUGHT} as teacher
  from directory_account a join directory_person p using (person_id) where a.account_id = $1
"""


async def means_of(connection: Connection, account_id: AccountId) -> Means:
    """Return what this person could prove more with now."""
    row = await connection.fetchrow(_MEANS, account_id, ProviderKind.MITID.value, Level.TO_FAKTOR.value)
    assert row is not None  # noqa: S101 - for the type checker: accounts are never deleted
    return Means(
        Username(row["username"]),
        mitid_offered=row["mitid_offered"],
        public_law=row["public_law"],
        cpr_known=row["cpr_known"],
        old_enough=row["old_enough"],
        sure_passkey=row["sure_passkey"],
        child=row["child"],
        guardian=row["guardian"],
        teacher=row["teacher"],
    )
