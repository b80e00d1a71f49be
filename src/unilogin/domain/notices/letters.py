"""What a letter says: Danish, and shorter in English below. Pure but for the sentences.

It names no username, no secret and no number, calls a protected child by its alias, and leads to no other address than
our own: whoever reads it on the way learns that somebody has a Unilogin.
"""

import hashlib
from datetime import datetime

from babel.dates import format_datetime

from unilogin.domain.notices.model import Addresses, Letter, Notice
from unilogin.kit.mail import Mail
from unilogin.kit.text import LANGUAGES, Language, Texts

_CLOCK: dict[Language, str] = {
    "da": "EEEE 'den' d. MMMM y 'kl.' HH.mm",
    "en": "EEEE d MMMM y 'at' HH:mm",
}

_REMINDERS = (
    Notice.PASSWORD_CHANGE_DUE,
    Notice.MANUAL_ENDING,
    Notice.IMPORT_ENDING,
    Notice.DELIVERY_WAITS,
    Notice.DELIVERY_REFUSED,
    Notice.SECOND_WORD_WAITS,
    Notice.SWITCH_RUN,
    Notice.SWITCH_NOT_RUN,
)
"""Nobody has done anything: there is nothing that somebody else could have done."""

_BY_A_SCHOOL = (
    Notice.ADDED_BY_HAND,
    Notice.CPR_CHANGED,
    Notice.ACCOUNTS_MERGED,
    Notice.ACCOUNT_SPLIT,
    Notice.CORRECTION_UNDONE,
    Notice.BLOCKED,
    Notice.UNBLOCKED,
)
"""It was never its reader: whoever is asked "was it you?" would say no, and change a password for nothing."""


def mail_of(letter: Letter, texts: Texts, *, at: Addresses) -> Mail:
    """Return the letter as it goes out. Carried twice it has the same Message-ID."""
    return Mail(
        to=letter.address or "",
        subject=texts("da", f"notices.{letter.notice}.subject"),
        text=text_of(letter, texts, at=at),
        message_id=f"{_mark(letter)}@{at.host}",
        languages="da, en",
    )


def _mark(letter: Letter) -> str:
    """The same each time it is carried, and nobody's number."""
    return hashlib.sha256(letter.notice_id.bytes + letter.person_id.bytes).hexdigest()[:32]


def text_of(letter: Letter, texts: Texts, *, at: Addresses) -> str:
    """Return what it says, in Danish and below that in English."""
    return "\n".join(body_of(letter, texts, language, at=at) for language in LANGUAGES)


def body_of(letter: Letter, texts: Texts, language: Language, *, at: Addresses) -> str:
    """Return what it says in one language; the English part is shorter."""
    parts = [
        texts(language, "notices.letter.hello" if language == "da" else "notices.letter.below"),
        _what(letter, texts, language),
        _todo(letter, texts, language, at=at),
    ]
    if language == "da":
        parts.append(f"{texts(language, 'notices.letter.bye')}\nUnilogin\n{at.home}")
        parts.append(texts(language, "notices.letter.never"))
    return "\n\n".join(part for part in parts if part) + "\n"


def _what(letter: Letter, texts: Texts, language: Language) -> str:
    if letter.child is None:
        said = [texts(language, f"notices.{letter.notice}.own")]
    else:
        said = [texts(language, f"notices.{letter.notice}.child", child=_one_line(letter.child))]
    if letter.notice not in _REMINDERS:
        said.append(texts(language, "notices.letter.when", when=_clock(letter.last_at, language)))
    if letter.times > 1 and letter.notice not in _REMINDERS:
        since = _clock(letter.happened_at, language)
        said.append(texts(language, "notices.letter.times", count=letter.times, since=since))
    return "\n".join(said)


def _todo(letter: Letter, texts: Texts, language: Language, *, at: Addresses) -> str:
    if letter.notice in _REMINDERS:
        return ""
    by = "notices.letter.todo.school" if letter.notice in _BY_A_SCHOOL else "notices.letter.todo"
    if letter.child is None:
        return texts(language, f"{by}.own", address=at.own_page)
    return texts(language, f"{by}.child", address=at.own_page, child=_one_line(letter.child))


def _one_line(name: str) -> str:
    """A name from a school's file: one line, and nothing in it that a mail program would make a link of."""
    return " ".join("".join(sign if sign.isalpha() or sign in "-'’" else " " for sign in name).split())[:60]


def _clock(moment: datetime, language: Language) -> str:
    return format_datetime(moment, _CLOCK[language], locale=language)
