"""Text as it is stored: one Unicode form, no invisible characters, one space between words (B-R10, B-R11)."""

import re
import unicodedata

# Zero-width and directional characters, soft hyphens, variation selectors, tags, control characters: nobody sees them,
# and two names that look the same would not be.
_INVISIBLE = re.compile(
    "[\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff\ue000-\uf8ff]"
)
# "SÃ¸ren": UTF-8 read as Windows-1252 and written as UTF-8 once more (B-R09).
_TWICE_ENCODED = re.compile("[ÃÂ][\u0080-\u00bf]|Ã[˜…†¦]")


LONGEST = 1000
"""Letters of a text that may be too long, and is told so by whoever knows how long it may be."""


def tidy(text: str) -> str:
    """Return the text in form NFC, without invisible characters, with single spaces and none around.

    One of other letters than ASCII is cut where it is far too long for anything: to bring marks in their order takes
    the square of their number, five seconds for those of one record.
    """
    if not text.isascii():
        if len(text) > LONGEST:
            text = " ".join(text.split())[:LONGEST]
        text = _INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    return " ".join(text.split())


def is_twice_encoded(text: str) -> bool:
    """Tell whether a text looks as if it went through the wrong encoding on its way."""
    return _TWICE_ENCODED.search(text) is not None
