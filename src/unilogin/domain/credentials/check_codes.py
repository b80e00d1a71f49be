"""Check codes (tegn): a picture and two digits on the teacher's screen, which whoever claims a window there must give.

Five wrong ones close a window, and from one address there are so many tries altogether (RW-1, R12). Of 2 000 codes five
guesses find one in four hundred: enough against a classmate, and short enough for a seven-year-old.
"""

from enum import StrEnum

from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.credentials.windows import OPEN, WRONG_CODES
from unilogin.domain.credentials.words import PICTURES
from unilogin.domain.directory.model import AccountId
from unilogin.domain.limits.model import Net
from unilogin.domain.limits.wrong_checks import may_try_check, note_wrong_check
from unilogin.kit.db.connection import Transaction


class Tried(StrEnum):
    """What became of a code that was given."""

    FITS = "fits"
    WRONG = "wrong"
    CLOSED = "closed"
    WAIT = "wait"


def read_code(picture: str, digits: str) -> str | None:
    """Return a code from what was sent, or None as long as it is not whole: that counts as no try."""
    typed = digits.strip()
    if picture not in PICTURES or len(typed) != 2 or not (typed.isascii() and typed.isdigit()):
        return None
    return f"{picture} {typed}"


# Comparing and counting are one statement, whose row lock lets any number of guesses at once through one by one.
_TRY = f"""
  update credentials_window w set wrong = w.wrong + case when w.check_code = $2 then 0 else 1 end
  where w.account_id = $1 and w.check_code is not null and {OPEN}
  returning w.check_code = $2 as fits, w.wrong < {WRONG_CODES} as open, w.institution_id, w.window_id
"""


async def try_code(tx: Transaction, account_id: AccountId, code: str, *, net: Net, at_school: bool) -> Tried:
    """Compare a code with what is open for a pupil, and count it if it is wrong. What fits is still to be claimed."""
    if not await may_try_check(tx, net, at_school=at_school):
        return Tried.WAIT
    rows = await tx.fetch(_TRY, account_id, code)
    if any(row["fits"] for row in rows):
        return Tried.FITS
    await note_wrong_check(tx, net)
    for row in rows:
        entry = Entry(
            Event.WINDOW_TRIED,
            Actor("person", "unknown"),
            account_id=account_id,
            institution_id=row["institution_id"],
            about=str(row["window_id"]),
            outcome="refused",
            detail={"kind": "teacher", "why": "code"},
        )
        await audit.write(tx, entry)
    return Tried.WRONG if any(row["open"] for row in rows) else Tried.CLOSED
