"""Secrets follow somebody from one account to another: passkeys always, a password where the other one has none.

An account has one password. Who has two keeps that of the account that goes on; the other one opens nothing more.
"""

from unilogin.domain.directory.following import Follow

_NO_PASSWORD = "not exists (select from credentials_password o where o.account_id = $2)"  # noqa: S105 - SQL

FOLLOWING = (
    Follow(
        "former passwords",
        f"select former_id::text as key from credentials_former where account_id = $1 and {_NO_PASSWORD} order by 1",
        "update credentials_former set account_id = $2"
        " where account_id = $1 and former_id = any ($3::text[]::bigint[])",
    ),
    Follow(
        "password",
        f"select type as key from credentials_password where account_id = $1 and {_NO_PASSWORD}",
        "update credentials_password set account_id = $2 where account_id = $1 and cardinality($3::text[]) > 0",
    ),
    Follow(
        "forced type",
        "select type as key from credentials_forced_type where account_id = $1"
        " and not exists (select from credentials_forced_type o where o.account_id = $2)",
        "update credentials_forced_type set account_id = $2 where account_id = $1 and cardinality($3::text[]) > 0",
    ),
    Follow(
        "passkeys",
        "select passkey_id::text as key from credentials_passkey where account_id = $1 and $1::uuid <> $2::uuid"
        " order by 1",
        """update credentials_passkey
           set account_id = $2, made_for = nullif(coalesce(made_for, account_id), $2)
           where account_id = $1 and passkey_id = any ($3::text[]::uuid[])""",
    ),
)
