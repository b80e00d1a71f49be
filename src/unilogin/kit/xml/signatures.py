"""Signatures in XML (XML-DSig), in the one shape that we take and make: parts by their id, canonical and hashed.

Exclusive C14N without comments, SHA-256, RSA with SHA-256; every other algorithm, transform or way to name a part is
refused unread. What is signed is found among the elements that the caller offers, never by a search through the
document, and is handed back as those very elements: nobody looks an id up a second time, so a signed part that was
moved aside is a part that nobody reads (signature wrapping, V-70 to V-78). The key comes from the caller, not from the
message. Comments and processing instructions are gone before anything is read or hashed (V-73, V-74).
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import ClassVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree

from unilogin.kit.errors import UniloginError
from unilogin.kit.xml.parser import whole_parser
from unilogin.kit.xml.tree import Element

DS = "http://www.w3.org/2000/09/xmldsig#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"

MOST_PARTS = 32
_PREFIXES = f"{{{EXCLUSIVE}}}InclusiveNamespaces"


class SignatureError(UniloginError):
    """A signature is not of our shape, or does not fit what it signs. The sentence is for whoever made it."""

    code: ClassVar[str] = "signature"


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature as it stands in a document, read and not yet believed."""

    signed_info: Element
    prefixes: tuple[str, ...]
    parts: "tuple[_Part, ...]"
    value: bytes
    key_info: Element


@dataclass(frozen=True, slots=True)
class _Part:
    part_id: str
    prefixes: tuple[str, ...]
    digest: bytes


def read_signature(element: Element) -> Signature:
    """Read a ds:Signature element strictly; raises SignatureError."""
    signed_info, value, key_info = _children(element, "SignedInfo", "SignatureValue", "KeyInfo")
    method, algorithm, *references = list(signed_info)
    _expect(method, "CanonicalizationMethod", EXCLUSIVE)
    _expect(algorithm, "SignatureMethod", RSA_SHA256)
    if len(algorithm) or not 1 <= len(references) <= MOST_PARTS:
        raise SignatureError(f"SignedInfo names no part, or more than {MOST_PARTS}")
    parts = tuple(_part(reference) for reference in references)
    if len({part.part_id for part in parts}) != len(parts):
        raise SignatureError("SignedInfo names a part twice")
    return Signature(signed_info, _inclusive(method), parts, _bytes(value), key_info)


def verify(signature: Signature, key: rsa.RSAPublicKey, *, offered: Mapping[str, Element]) -> list[Element]:
    """Return the elements that are signed, out of those offered by their ids; raises SignatureError."""
    try:
        key.verify(
            signature.value,
            canonical(signature.signed_info, prefixes=signature.prefixes),
            padding.PKCS1v15(),
            hashes.SHA256(),
        )
    except InvalidSignature as error:
        raise SignatureError("the signature was not made with the certificate's key, or SignedInfo changed") from error
    return [_verified(part, offered) for part in signature.parts]


def _verified(part: _Part, offered: Mapping[str, Element]) -> Element:
    element = offered.get(part.part_id)
    if element is None:
        raise SignatureError(f"'#{part.part_id}' is not the id of the Body or of a header")
    made = hashlib.sha256(canonical(element, prefixes=part.prefixes)).digest()
    if not hmac.compare_digest(made, part.digest):
        raise SignatureError(
            f"'#{part.part_id}' ({etree.QName(element).localname}) is not what was signed: its canonical form, "
            "exclusive and without comments, has another digest"
        )
    return element


def canonical(element: Element, *, prefixes: Sequence[str] = ()) -> bytes:
    """Return an element in exclusive canonical form: the bytes that are signed.

    What has none, because of a relative namespace, raises SignatureError: its digest would be that of nothing (V-76).
    """
    try:
        made = etree.tostring(
            element, method="c14n", exclusive=True, with_comments=False, inclusive_ns_prefixes=list(prefixes) or None
        )
    except (etree.LxmlError, ValueError) as error:
        raise SignatureError("a part has no canonical form") from error
    if not made:
        raise SignatureError("a part has no canonical form")
    return made


def sign(place: Element, key: rsa.RSAPrivateKey, *, parts: Mapping[str, Element], key_info: str) -> None:
    """Append a signature of the parts, by their ids, to ``place``; ``key_info`` is XML that names the certificate."""
    references = "".join(
        f'<ds:Reference URI="#{escape(part_id)}"><ds:Transforms><ds:Transform Algorithm="{EXCLUSIVE}"/></ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{SHA256}"/><ds:DigestValue>{_digest_of(part)}</ds:DigestValue></ds:Reference>'
        for part_id, part in parts.items()
    )
    made = etree.fromstring(
        f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"/>'
        f'<ds:SignatureMethod Algorithm="{RSA_SHA256}"/>{references}</ds:SignedInfo><ds:SignatureValue/>'
        f"<ds:KeyInfo>{key_info}</ds:KeyInfo></ds:Signature>",
        whole_parser(),
    )
    place.append(made)
    value = key.sign(canonical(made[0]), padding.PKCS1v15(), hashes.SHA256())
    made[1].text = base64.b64encode(value).decode()


def _digest_of(part: Element) -> str:
    return base64.b64encode(hashlib.sha256(canonical(part)).digest()).decode()


# Reading ------------------------------------------------------------------------------------------------------------


def _part(reference: Element) -> _Part:
    if etree.QName(reference) != etree.QName(DS, "Reference"):
        raise SignatureError("SignedInfo holds something that is no Reference")
    uri = reference.get("URI") or ""
    if not uri.startswith("#") or len(uri) < 2 or "(" in uri:
        raise SignatureError("a Reference must name a part of this message by its id, as URI='#id'")
    transforms, method, value = _children(reference, "Transforms", "DigestMethod", "DigestValue")
    if len(transforms) != 1:
        raise SignatureError("a Reference must have one Transform: exclusive C14N")
    _expect(transforms[0], "Transform", EXCLUSIVE)
    _expect(method, "DigestMethod", SHA256)
    digest = _bytes(value)
    if len(digest) != hashlib.sha256().digest_size:
        raise SignatureError("a DigestValue is no SHA-256 digest")
    return _Part(uri[1:], _inclusive(transforms[0]), digest)


def _children(element: Element, *names: str) -> list[Element]:
    found = list(element)
    if [etree.QName(child) for child in found] != [etree.QName(DS, name) for name in names]:
        raise SignatureError(f"{etree.QName(element).localname} must hold {', '.join(names)}, in this order")
    return found


def _expect(element: Element, name: str, algorithm: str) -> None:
    if etree.QName(element) != etree.QName(DS, name) or element.get("Algorithm") != algorithm:
        raise SignatureError(f"{name} must be {algorithm}")


def _inclusive(element: Element) -> tuple[str, ...]:
    """Return the prefixes that exclusive C14N is told to keep."""
    if len(element) == 0:
        return ()
    if len(element) > 1 or element[0].tag != _PREFIXES or len(element[0]):
        raise SignatureError("C14N has a parameter that is not InclusiveNamespaces")
    return tuple((element[0].get("PrefixList") or "").split())


def _bytes(element: Element) -> bytes:
    if len(element):
        raise SignatureError(f"{etree.QName(element).localname} holds an element")
    try:
        return base64.b64decode("".join((element.text or "").split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureError(f"{etree.QName(element).localname} is not base64") from error
