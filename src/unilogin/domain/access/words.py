"""Whose word still counts, where two people decide: nobody's who has been dismissed since they said it (B-A06).

A word stands for days. Whoever gave it and was dismissed yesterday is no second person for somebody who stayed.
"""

from unilogin.domain.access.model import Right


def still_counts(account: str, *, at: str, since: str) -> str:
    """Return the condition that a word still counts: three expressions of whose it is, where, and said when.

    A right that somebody brought along with a session (a business identity's) is written down nowhere, so nobody's word
    is lost by signing out: what ends it is a right taken since, a block, or not being staff anywhere any more.
    """
    return f"""exists (
    select from directory_account wa
    where wa.account_id = {account} and wa.blocked_at is null and wa.merged_into is null
      and exists (select from directory_membership wm join directory_institution wi using (institution_id)
                  where wm.person_id = wa.person_id and wm.ended_at is null and wi.active
                    and wm.actor_group in ('Medarbejder', 'Ekstern'))
      and (not exists (select from access_right wr where wr.account_id = wa.account_id and wr.institution_id = {at}
                         and wr.name = '{Right.BRUGERADMINISTRATOR}' and wr.revoked_at >= {since})
           or exists (select from access_right wr where wr.account_id = wa.account_id and wr.institution_id = {at}
                        and wr.name = '{Right.BRUGERADMINISTRATOR}' and wr.revoked_at is null)))"""


def recorded_counts(word: str, *, at: str, since: str) -> str:
    """Return the same for a row that says ``actor_kind`` and ``actor_id``: whoever runs Unilogin counts as well."""
    account = f"case when {word}.actor_kind = 'person' then {word}.actor_id::uuid end"
    return f"({word}.actor_kind <> 'person' or {still_counts(account, at=at, since=f'{word}.{since}')})"
