"""Cells of comma-separated values that a spreadsheet may open: what it would compute is written as text (N-70, B-R14).

Where a Danish spreadsheet opens the file, a semicolon begins a new cell, whatever the file says: so does a tab, and so
does a line. An apostrophe before ``= + - @`` makes text of what follows; our own import takes it away again.
"""

import re

_COMPUTES = "[=+\\-@\uff1d\uff0b\uff0d\uff20]"
_BEGINS = re.compile(rf"(^|[;\t\r\n])(\s*)({_COMPUTES})")
_ESCAPED = re.compile(rf"(^|[;\t\r\n])(\s*)'({_COMPUTES})")
_BLANK = ("\t", "\r", "\n")  # at the beginning, these alone are enough for some


def neutral(text: str) -> str:
    """Return a cell that no spreadsheet computes."""
    text = _BEGINS.sub(r"\1\2'\3", text)
    return f"'{text}" if text.startswith(_BLANK) else text


def plain(text: str) -> str:
    """Return what ``neutral`` was given."""
    if "'" not in text:
        return text
    return _ESCAPED.sub(r"\1\2\3", text[1:] if text.startswith("'") and text[1:].startswith(_BLANK) else text)
