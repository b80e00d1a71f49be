"""What must be true after every fault, whatever was killed or cut: I-1 to I-12 of the fault catalogue.

The database is read past every wire and held against the history. Each check returns sentences; none means all is well.
I-7, I-8 and I-10 belong to rosters and are proved there.
"""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import asyncpg

from tests.faults.history import History, Outcome
from unilogin.kit.ids import digest

BALANCES = (
    # What stands there is whole: each half has its other half (I-2), and its trace in the log (I-6).
    (
        "I-6: sessions without exactly one audit row",
        (
            "select count(*) from sessions_session s where 1 <> (select count(*) from audit_event e"
            " where e.action = 'signin.succeeded' and e.object = s.session_id::text)"
        ),
    ),
    (
        "I-2: audit rows of sessions that are not there",
        (
            "select count(*) from audit_event e where e.action = 'signin.succeeded' and not exists"
            " (select from sessions_session s where s.session_id::text = e.object)"
        ),
    ),
    (
        "I-6: ended sessions without exactly one audit row",
        (
            "select count(*) from sessions_session s where (s.ended_at is not null)::int <> (select count(*)"
            " from audit_event e where e.action = 'session.ended' and e.object = s.session_id::text)"
        ),
    ),
    (
        "I-2: finished journeys without a session",
        (
            "select count(*) from signin_journey where finished_at is not null and (session_id is null"
            " or actor_group is null)"
        ),
    ),
    (
        "I-2: results taken from journeys that were not finished",
        "select count(*) from signin_journey where returned_at is not null and finished_at is null",
    ),
    (
        "I-3: grants whose tokens are not one pair for the code and one for each refresh token used",
        (
            "select count(*) from oidc_grant g, lateral (select count(*) filter (where kind = 'access') as access,"
            " count(*) filter (where kind = 'refresh') as refresh, count(*) filter (where used_at is not null) as used"
            " from oidc_token t where t.grant_id = g.grant_id) t"
            " where t.access <> t.refresh or t.refresh <> (g.code_used_at is not null)::int + t.used"
        ),
    ),
    (
        "I-2: tokens without a grant",
        "select count(*) from oidc_token t where not exists (select from oidc_grant g where g.grant_id = t.grant_id)",
    ),
    (
        "I-4: grants of a session that is not there",
        (
            "select count(*) from oidc_grant g where not exists"
            " (select from sessions_session s where s.session_id = g.session_id)"
        ),
    ),
    (
        "I-6: codes without an audit row, or the other way round",
        (
            "select abs((select count(*) from oidc_grant)"
            " - (select count(*) from audit_event where action = 'code.issued'))"
        ),
    ),
    (
        "I-6: redemptions without an audit row, or the other way round",
        (
            "select count(*) from (select session_id::text as id, count(*) filter (where code_used_at is not null) as n"
            " from oidc_grant group by 1) g full join (select object as id, count(*) as n from audit_event"
            " where action = 'tokens.issued' group by 1) e using (id) where coalesce(g.n, 0) <> coalesce(e.n, 0)"
        ),
    ),
    (
        "I-6: used refresh tokens without an audit row, or the other way round",
        (
            "select count(*) from (select g.session_id::text as id, count(*) as n from oidc_token t"
            " join oidc_grant g using (grant_id) where t.used_at is not null group by 1) g full join"
            " (select object as id, count(*) as n from audit_event where action = 'tokens.refreshed' group by 1) e"
            " using (id) where coalesce(g.n, 0) <> coalesce(e.n, 0)"
        ),
    ),
    (
        "I-6: revocations without an audit row, or the other way round",
        (
            "select abs((select count(*) from oidc_grant where revoked_at is not null)"
            " + (select count(*) from oidc_token where revoked_at is not null)"
            " - (select count(*) from audit_event"
            "    where action in ('code.replayed', 'refresh.replayed', 'tokens.revoked')))"
        ),
    ),
    (
        "I-9: usernames or uniids given twice",
        "select count(*) - count(distinct username) + count(*) - count(distinct uniid) from directory_account",
    ),
    (
        "I-9: people with two subjects in a sector, or subjects of two people",
        (
            "select count(*) - count(distinct (account_id, sector)) + count(*) - count(distinct subject)"
            " from services_pairwise"
        ),
    ),
    (
        "I-2: purposes without exactly one key that signs",
        (
            "select count(*) from (select purpose, count(*) filter (where signs_from <= kit_now()"
            " and (retires_at is null or retires_at > kit_now()) and (removed_at is null or removed_at > kit_now()))"
            " as n from keys_signing group by 1) k where n <> 1"
        ),
    ),
    (
        "I-6: keys without an audit row",
        (
            "select count(*) from keys_signing k where 1 <> (select count(*) from audit_event e"
            " where e.action = 'key.created' and e.object = k.kid)"
        ),
    ),
)
"""(what is wrong, a statement that counts it)."""


async def violations(connection: "asyncpg.Connection[asyncpg.Record]", history: History) -> list[str]:
    """Return what does not hold, in sentences."""
    found = list(history.seen)
    for wrong, count in BALANCES:
        if number := await connection.fetchval(count):
            found.append(f"{wrong}: {number}")
    found += await _sessions(connection, history)
    found += await _tokens(connection, history)
    found += await _wrong_secrets(connection, history)
    return found + _once(history) + _subjects(history)


async def _sessions(connection: "asyncpg.Connection[asyncpg.Record]", history: History) -> list[str]:
    """Whose sessions there are: those that were acknowledged, for those who proved who they are."""
    rows = await connection.fetch(
        "select s.token_hash, a.username, s.ended_at is not null as ended"
        " from sessions_session s join directory_account a using (account_id)"
    )
    kept = {bytes(row["token_hash"]): row for row in rows}
    found = []
    for proof in history.proofs:
        if proof.session is None:
            continue
        row = kept.get(digest(proof.session))
        if not proof.right:
            found.append("I-12: a wrong secret opened a session")
        if row is None:
            found.append(f"I-1: the session that {proof.username} was given is not there")
        elif row["username"] != proof.username:
            found.append(f"I-4: the session that {proof.username} was given is {row['username']}'s")
    for sign_out in history.sign_outs:
        row = kept.get(digest(sign_out.session))
        if sign_out.outcome is Outcome.DONE and row is not None and not row["ended"]:
            found.append("I-1: a session that was signed out is alive")
    proved = Counter(proof.username for proof in history.proofs if proof.right)
    opened = Counter(row["username"] for row in rows)
    found += [
        f"I-12: {name} has {count} sessions and proved {proved[name]} times"
        for name, count in opened.items()
        if count > proved[name]
    ]
    return found


async def _tokens(connection: "asyncpg.Connection[asyncpg.Record]", history: History) -> list[str]:
    """What services were given is there, and belongs to the browser it was asked for (I-1, I-4)."""
    owners = (
        "select {which} as which, a.username from {what} join sessions_session s using (session_id)"
        " join directory_account a using (account_id) where {which} = any ($1)"
    )
    code = owners.format(what="oidc_grant g", which="g.grant_id")
    token = owners.format(what="oidc_token t join oidc_grant g using (grant_id)", which="t.token_hash")
    given = [(r.username, text) for r in history.redemptions for text in (r.access, r.refresh) if text]
    arrived = [(arrival.username, arrival.code) for arrival in history.arrivals]
    found = []
    for what, sql, shown in (("the code", code, arrived), ("a token", token, given)):
        rows = await connection.fetch(sql, [digest(text) for _, text in shown])
        owner = {bytes(row["which"]): row["username"] for row in rows}
        for username, text in shown:
            if (whose := owner.get(digest(text))) != username:
                found.append(f"{'I-1' if whose is None else 'I-4'}: {what} of {username} is {whose}'s")
    return found


async def _wrong_secrets(connection: "asyncpg.Connection[asyncpg.Record]", history: History) -> list[str]:
    """Every refusal that was acknowledged is in the log (I-6)."""
    rows = await connection.fetch(
        "select a.username, count(*) as n from audit_event e join directory_account a using (account_id)"
        " where e.action = 'signin.failed' group by 1"
    )
    logged = {row["username"]: row["n"] for row in rows}
    refused = Counter(
        proof.username for proof in history.proofs if not proof.right and proof.outcome is Outcome.REFUSED
    )
    return [
        f"I-6: {name} was refused {count} times, the log has {logged.get(name, 0)}"
        for name, count in refused.items()
        if logged.get(name, 0) < count
    ]


def _once(history: History) -> list[str]:
    """Codes and refresh tokens give at most one answer (I-3)."""
    answered = Counter(redemption.shown for redemption in history.redemptions if redemption.outcome is Outcome.DONE)
    return [f"I-3: something was redeemed {count} times" for count in answered.values() if count > 1]


def _subjects(history: History) -> list[str]:
    """A subject is always the same person, and a person always the same subject (I-4, I-9)."""
    pairs = {(told.username, told.subject, told.uniid) for told in history.told}
    found = [f"I-9: {name} is told of as {n} people" for name, n in Counter(p[0] for p in pairs).items() if n > 1]
    return found + [f"I-4: one subject is {n} people" for n in Counter(p[1] for p in pairs).values() if n > 1]


async def leaks(
    connection: "asyncpg.Connection[asyncpg.Record]", history: History, *, logs: Iterable[Path], also: Iterable[str]
) -> list[str]:
    """Where a secret stands in clear: in a log, or anywhere in the database (I-11)."""
    secrets = history.secrets() | set(also)
    found = []
    for log in logs:
        found += [f"I-11: {log.name} holds {what}" for what in _in(log.read_text(errors="replace"), secrets)]
    tables = await connection.fetch(
        "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'public'"
    )
    for table in tables:
        rows = await connection.fetch(f"select t::text as line from {table['name']} t")
        text = "\n".join(row["line"] for row in rows)
        found += [f"I-11: {table['name']} holds {what}" for what in _in(text, secrets)]
    return found


_TOKEN_CHARACTERS = 43
_TOKENS = re.compile(rf"[A-Za-z0-9_-]{{{_TOKEN_CHARACTERS},}}")


def _in(text: str, secrets: set[str]) -> list[str]:
    """Which of the secrets stand in a text, by their first letters. Tokens, which are many, are looked up by shape."""
    runs = set(_TOKENS.findall(text))
    pieces = {run[n : n + _TOKEN_CHARACTERS] for run in runs for n in range(len(run) - _TOKEN_CHARACTERS + 1)}
    tokens = {secret for secret in secrets if _TOKENS.fullmatch(secret) and len(secret) == _TOKEN_CHARACTERS}
    there = (tokens & pieces) | {secret for secret in secrets - tokens if secret in text}
    return [f"a secret that begins with {secret[:3]}" for secret in sorted(there)]
