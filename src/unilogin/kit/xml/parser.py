"""The only parsers of this program. Every switch that could read a file, the network or an entity is off."""

from typing import Any

from lxml import etree

# huge_tree stays off: libxml2's own limits on depth (256) and text (10 MB) hold behind ours.
SAFE: dict[str, Any] = {
    "encoding": "utf-8",  # whatever is declared; the bytes were checked before (B-S05)
    "resolve_entities": False,
    "load_dtd": False,
    "dtd_validation": False,
    "attribute_defaults": False,
    "no_network": True,
    "huge_tree": False,
    "recover": False,
    "remove_comments": True,
    "remove_pis": True,
}


def whole_parser() -> etree.XMLParser:
    """Return a parser for bytes that are all here."""
    return etree.XMLParser(**SAFE)


def feed_parser(tag: str) -> etree.XMLPullParser:
    """Return a parser that is fed in pieces and reports where an element named ``tag`` starts."""
    return etree.XMLPullParser(events=("start",), tag=tag, **SAFE)


def first_line(error: etree.XMLSyntaxError) -> int:
    """Return the line an error was found in."""
    return max(error.lineno or 1, 1)
