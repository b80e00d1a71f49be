"""Who may have passkeys, how sure one makes us, and what it may be called."""

import unicodedata
from collections.abc import Sequence

from unilogin.domain.credentials.model import PasswordType
from unilogin.domain.credentials.rules import password_type
from unilogin.domain.directory.model import Belonging
from unilogin.domain.services.model import Level

MOST_PASSKEYS = 10
"""Of one person: a telephone, a computer or two, a key on the key ring, and what was forgotten."""

FRESH_SECONDS = 10 * 60
"""How long ago somebody may have signed in who adds a passkey: who finds a session open adds none."""

ADD_SECONDS = 10 * 60
SIGN_IN_SECONDS = 30 * 60
"""How long a question waits for its answer; as long as the journey, for a page that waits in the background."""

MOST_QUESTIONS = 20
"""Of one journey, or of one account within an hour. Nobody guesses a signature; this keeps the log from filling up."""

NAME_CHARACTERS = 60


def may_have_passkeys(belongings: Sequence[Belonging], *, forced: PasswordType | None = None) -> bool:
    """Decide: staff, parents, and pupils from grade 7 – who can keep a device behind a lock of one's own.

    ``forced``: the type of password that the school decided for this person, if any.
    """
    return bool(belongings) and password_type(belongings, forced=forced) is PasswordType.PASSWORD


def level_of_passkey(session: Level) -> Level:
    """Return the level of a passkey that is added in a session of this level (N-101).

    The device behind its lock is two factors, but whose they are is known only as surely as the session knew it. An
    adult who vouched for a pupil did so for that session alone.
    """
    return Level.TO_FAKTOR if session is Level.TO_FAKTOR else Level.EN_FAKTOR


def is_sure_enough(level: Level, *, password_would_do: bool) -> bool:
    """Decide whether a passkey of this level lets somebody in: where no password does, two factors are needed (R14)."""
    return password_would_do or level is Level.TO_FAKTOR


def tidy_name(typed: str) -> str:
    """Return the name as it is kept: one line, no signs that cannot be seen, not too long; may be empty."""
    shown = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in unicodedata.normalize("NFC", typed))
    return " ".join(shown.split())[:NAME_CHARACTERS].strip()
