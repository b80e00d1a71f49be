"""Rights and lent classes follow somebody from one account to another."""

from unilogin.domain.directory.following import Follow

FOLLOWING = (
    Follow(
        "rights",
        "select r.right_id::text as key from access_right r where r.account_id = $1 and r.revoked_at is null"
        " and not exists (select from access_right o where o.account_id = $2 and o.revoked_at is null"
        " and o.institution_id = r.institution_id and o.name = r.name) order by 1",
        "update access_right set account_id = $2 where account_id = $1 and right_id = any ($3::text[]::uuid[])",
    ),
    Follow(
        "loans",
        "select loan_id::text as key from access_loan where account_id = $1 and $1::uuid <> $2::uuid"
        " and ended_at is null order by 1",
        "update access_loan set account_id = $2 where account_id = $1 and loan_id = any ($3::text[]::uuid[])",
    ),
)
