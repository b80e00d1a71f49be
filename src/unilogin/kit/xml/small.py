"""A small document that somebody put into something else: read whole, or refused."""

from lxml import etree

from unilogin.kit.xml.errors import DoctypeError, MalformedError, NotUtf8Error, TooLargeError
from unilogin.kit.xml.parser import whole_parser
from unilogin.kit.xml.tree import Element


def read_small(content: bytes, *, longest: int) -> Element:
    """Return the root element; raises DocumentError."""
    if len(content) > longest:
        raise TooLargeError("longer than it may be")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotUtf8Error("not UTF-8") from error
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise DoctypeError("a document type declaration")
    try:
        return etree.fromstring(content, whole_parser())
    except etree.XMLSyntaxError as error:
        raise MalformedError("not well-formed") from error
