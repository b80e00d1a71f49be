"""Forgetting, room by room: what else was known of people who are forgotten, and of corrections that stand for good."""

from datetime import timedelta

from unilogin.domain.access.forgetting import end_rights_and_loans
from unilogin.domain.credentials.forgetting import forget_secrets
from unilogin.domain.directory.erasing import Forgotten, erase_people
from unilogin.domain.identity.rules import TAKEN_BACK_WITHIN_DAYS
from unilogin.domain.limits.actions import forget_accounts
from unilogin.domain.notices.actions import forget_notices_of
from unilogin.kit.db.connection import Transaction


async def forget_those_who_left(tx: Transaction, *, after: timedelta) -> Forgotten:
    """Forget people who have belonged nowhere for so long, with their secrets, rights, devices and letters.

    What is needed to be the same again stays: ``directory/erasing.py``.
    """
    gone = await erase_people(tx, after=after)
    if gone.accounts:
        await forget_secrets(tx, gone.accounts)
        await end_rights_and_loans(tx, gone.accounts)
        await forget_accounts(tx, gone.accounts)
        await forget_notices_of(tx, gone.accounts)
    return gone


async def forget_old_corrections(tx: Transaction) -> None:
    """Forget what people were before corrections that can no longer be taken back; that there was one stays."""
    rows = await tx.fetch(
        "update identity_correction set kept_before = '{}', other_before = '{}', kept_after = null"
        " where made_at <= kit_now() - $1 * interval '1 day' and kept_before <> '{}' returning correction_id",
        TAKEN_BACK_WITHIN_DAYS,
    )
    old = [row["correction_id"] for row in rows]
    await tx.execute("delete from identity_moved where correction_id = any ($1::uuid[])", old)
