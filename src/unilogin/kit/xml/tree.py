"""What other rooms see of a parsed element, so that none of them needs the library."""

from typing import TypeAlias

from lxml import etree

Element: TypeAlias = etree._Element  # the library has no public name for what its parsers return


def written(element: Element) -> bytes:
    """Return an element as a document of its own."""
    return etree.tostring(element, encoding="utf-8", xml_declaration=True)


def split_tag(tag: str) -> tuple[str, str]:
    """Return namespace and local name of ``{namespace}name``; an element without a namespace has an empty one."""
    if tag[:1] == "{":
        namespace, _, name = tag[1:].rpartition("}")
        return namespace, name
    return "", tag
