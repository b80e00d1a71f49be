"""Counting wrong check codes by address, whatever pupil they were tried on (R12)."""

from unilogin.domain.limits import rules
from unilogin.domain.limits.model import Net
from unilogin.kit.db.connection import Connection

_FRESH = f"c.since > kit_now() - interval '{rules.CHECK_SECONDS} seconds'"


async def may_try_check(connection: Connection, net: Net, *, at_school: bool) -> bool:
    """Tell whether another check code may be tried from this address. A school's pupils share theirs."""
    most = rules.CHECKS_A_SCHOOL if at_school else rules.CHECKS_A_NET
    full = await connection.fetchval(
        f"select exists (select from limits_check c where c.net = $1 and c.wrong >= $2 and {_FRESH})", net, most
    )
    return not full


async def note_wrong_check(connection: Connection, net: Net) -> None:
    """Count a wrong one."""
    await connection.execute(
        "insert into limits_check as c (net, since, wrong) values ($1, kit_now(), 1) on conflict (net) do update set"
        f" since = case when {_FRESH} then c.since else kit_now() end, wrong = case when {_FRESH} then c.wrong + 1"
        " else 1 end",
        net,
    )
