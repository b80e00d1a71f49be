"""Patterns for LIKE and ILIKE, made of what somebody typed."""

_LITERAL = str.maketrans({sign: f"\\{sign}" for sign in "\\%_"})


def holding(term: str) -> str:
    """Return what finds a text that holds a term, with a backslash as escape: no sign in it means another (B-A07)."""
    return f"%{term.translate(_LITERAL)}%"
