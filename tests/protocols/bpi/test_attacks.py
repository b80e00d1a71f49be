"""Messages that must not be taken: each is a good one, changed in one way. None of them changes anything."""

import base64
import copy
import hmac
import re
import select
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

import pytest
from lxml import etree
from signxml.algorithms import SignatureMethod

from tests.builders.certificates import Holder, make_holder
from tests.builders.running import within
from tests.protocols.bpi.conftest import OPERATOR, OURS
from tests.protocols.bpi.signing import (
    DS,
    PARTS,
    SERVICE,
    SOAP,
    WSSE,
    WSU,
    X509,
    System,
    Tree,
    hello,
    importing,
    one,
    roster,
)
from unilogin.kit.certificates import check_certificate
from unilogin.roster.senders import actions

SOURCE = "attack"
BODY = importing(roster(OURS, "7103052233", source=SOURCE))
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"

Attack = Callable[[System], bytes]


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_loaded(shared_database: str, senders: str) -> Iterator[None]:
    yield
    count = "select count(*) from roster_delivery where source = $1"
    assert within(shared_database, lambda tx: tx.fetchval(count, SOURCE)) == 0


def after(change: Callable[[Tree], None], **how: object) -> Attack:
    """Sign, then change."""

    def attack(system: System) -> bytes:
        root = system.signed(BODY, **how)  # type: ignore[arg-type]
        change(root)
        return etree.tostring(root)

    return attack


def before(change: Callable[[Tree], None], **how: object) -> Attack:
    """Change, then sign."""
    return lambda system: etree.tostring(system.signed(BODY, before=change, **how))  # type: ignore[arg-type]


def replaced(pattern: bytes, by: bytes) -> Attack:
    """Sign, then change the bytes."""

    def attack(system: System) -> bytes:
        content, times = re.subn(pattern, by, etree.tostring(system.signed(BODY)), count=1, flags=re.S)
        assert times == 1
        return content

    return attack


def move_body(to: str, *, leave_id: bool) -> Callable[[Tree], None]:
    """Signature wrapping: the signed Body is put somewhere else, and another stands in its place."""

    def change(root: Tree) -> None:
        body = one(root, "soap:Body")
        fake = copy.deepcopy(body)
        one(fake, "//*[local-name()='FirstName']").text = "Ondsind"
        if not leave_id:
            del fake.attrib[f"{{{WSU}}}Id"]
        root.replace(body, fake)
        place = one(root, to)
        etree.SubElement(place, "{urn:wrapper}Wrapper").append(body) if to != "soap:Header" else place.append(body)

    return change


def twice(path: str) -> Callable[[Tree], None]:
    """Put a copy beside an element."""

    def change(root: Tree) -> None:
        element = one(root, path)
        element.addnext(copy.deepcopy(element))

    return change


def gone(path: str) -> Callable[[Tree], None]:
    def change(root: Tree) -> None:
        element = one(root, path)
        parent = element.getparent()
        assert parent is not None
        parent.remove(element)

    return change


def attribute(path: str, name: str, value: str) -> Callable[[Tree], None]:
    return lambda root: one(root, path).set(name, value)


def text(path: str, value: str) -> Callable[[Tree], None]:
    def change(root: Tree) -> None:
        one(root, path).text = value

    return change


def added(path: str, xml: str) -> Callable[[Tree], None]:
    return lambda root: one(root, path).append(etree.fromstring(xml))


def key_info(xml: str) -> Callable[[Tree], None]:
    def change(root: Tree) -> None:
        place = one(root, "//ds:KeyInfo")
        place[:] = [etree.fromstring(xml)]

    return change


def reference(uri: str) -> str:
    return (
        f'<wsse:SecurityTokenReference xmlns:wsse="{WSSE}"><wsse:Reference URI="{uri}" ValueType="{X509}"/>'
        "</wsse:SecurityTokenReference>"
    )


def hidden_in_signature(root: Tree) -> None:
    """The signed Body inside ds:Object of the signature itself."""
    body = one(root, "soap:Body")
    fake = copy.deepcopy(body)
    del fake.attrib[f"{{{WSU}}}Id"]
    root.replace(body, fake)
    etree.SubElement(one(root, "//ds:Signature"), f"{{{DS}}}Object").append(body)


def keyed_with_the_certificate(root: Tree) -> None:
    """HMAC in the place of RSA, with what everybody knows as the key."""
    one(root, "//ds:SignatureMethod").set("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")
    info = etree.tostring(one(root, "//ds:SignedInfo"), method="c14n", exclusive=True)
    der = base64.b64decode(one(root, "//wsse:BinarySecurityToken").text or "")
    one(root, "//ds:SignatureValue").text = base64.b64encode(hmac.digest(der, info, "sha256")).decode()


def without_canonical_form(root: Tree) -> None:
    """A relative namespace, which canonical XML does not know; and the digest of nothing."""
    place = one(root, "//tns:instXML")
    place.append(etree.fromstring('<x:y xmlns:x="a/b"/>'))
    one(root, "//ds:Reference[@URI='#body']/ds:DigestValue").text = base64.b64encode(sha256().digest()).decode()


def with_doctype(system: System) -> bytes:
    return b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + etree.tostring(system.signed(BODY))


def in_utf_16(system: System) -> bytes:
    return etree.tostring(system.signed(BODY), encoding="unicode").encode("utf-16")


def deep(system: System) -> bytes:
    return replaced(rb"<InstitutionName>", b"<a>" * 300 + b"</a>" * 300 + b"<InstitutionName>")(system)


def soap_11(system: System) -> bytes:
    return etree.tostring(system.signed(BODY)).replace(SOAP.encode(), b"http://schemas.xmlsoap.org/soap/envelope/")


def of_a_stranger(system: System) -> bytes:
    """A certificate that is nobody's."""
    return etree.tostring(System(system.system_id, UNKNOWN, system.endpoint).signed(BODY))


def with_another_key(system: System) -> bytes:
    """The right certificate beside a signature of another key."""
    return etree.tostring(system.signed(BODY, key=UNKNOWN.key))


UNKNOWN = make_holder("ABukendt3")

SIGNATURE, UNSIGNED, SYSTEM = "Signatur", "SignaturMangler", "UdbydersytemIdMangler"

ATTACKS: dict[str, tuple[Attack, str]] = {
    # not signed, or not all of it
    "no security header": (after(gone("//wsse:Security")), UNSIGNED),
    "no signature": (after(gone("//ds:Signature")), UNSIGNED),
    "no certificate": (after(gone("//wsse:BinarySecurityToken")), UNSIGNED),
    "no timestamp": (after(gone("//wsu:Timestamp")), UNSIGNED),
    "no message id": (before(gone("//wsa:MessageID"), parts=("body", "timestamp", "system")), UNSIGNED),
    "no system id": (before(gone("//uni:UdbydersystemId"), parts=("body", "timestamp", "message")), SYSTEM),
    "empty system id": (before(text("//uni:UdbydersystemId", "  ")), SYSTEM),
    **{
        f"{part} not signed": (
            before(lambda _: None, parts=[other for other in PARTS if other != part]),
            UNSIGNED,
        )
        for part in PARTS
    },
    # changed after it was signed
    "body changed": (replaced(rb"<FamilyName>", b"<FamilyName>x"), SIGNATURE),
    "timestamp changed": (replaced(rb"(<wsu:Expires>\d{4}-\d\d-\d\dT\d\d:)\d\d", rb"\g<1>59"), SIGNATURE),
    "message id changed": (after(text("//wsa:MessageID", "urn:uuid:0")), SIGNATURE),
    "digest changed": (after(text("(//ds:DigestValue)[1]", base64.b64encode(bytes(32)).decode())), SIGNATURE),
    "digest too short": (after(text("(//ds:DigestValue)[1]", base64.b64encode(bytes(20)).decode())), SIGNATURE),
    "signature changed": (after(text("//ds:SignatureValue", base64.b64encode(bytes(256)).decode())), SIGNATURE),
    "signature no base64": (after(text("//ds:SignatureValue", "?")), SIGNATURE),
    "another key": (with_another_key, SIGNATURE),
    "no canonical form": (after(without_canonical_form), SIGNATURE),
    # wrapping
    "body moved to the header": (after(move_body("soap:Header", leave_id=False)), UNSIGNED),
    "body moved to the header, same id": (after(move_body("soap:Header", leave_id=True)), SIGNATURE),
    "body moved into a header": (after(move_body("//wsa:ReplyTo", leave_id=False)), SIGNATURE),
    "body moved into the body": (after(move_body("//tns:instXML", leave_id=False)), SIGNATURE),
    "body moved into the security header": (after(move_body("//wsse:Security", leave_id=False)), SIGNATURE),
    "body hidden in the signature": (after(hidden_in_signature), SIGNATURE),
    "body with an id of another name": (
        after(lambda root: one(root, "soap:Body").attrib.update({"Id": "body", f"{{{WSU}}}Id": "other"})),
        SIGNATURE,
    ),
    "two bodies": (after(twice("soap:Body")), "soap:Sender"),
    "two security headers": (after(twice("//wsse:Security")), "soap:Sender"),
    "two signatures": (after(twice("//ds:Signature")), "soap:Sender"),
    "two system ids": (after(twice("//uni:UdbydersystemId")), "soap:Sender"),
    "two message ids": (after(twice("//wsa:MessageID")), "soap:Sender"),
    "two certificates": (after(twice("//wsse:BinarySecurityToken")), "soap:Sender"),
    "two signed infos": (after(twice("//ds:SignedInfo")), SIGNATURE),
    # algorithms and references
    "rsa-sha1": (before(lambda _: None, algorithm=SignatureMethod.RSA_SHA1), SIGNATURE),
    "rsa-sha512": (before(lambda _: None, algorithm=SignatureMethod.RSA_SHA512), SIGNATURE),
    "hmac with the certificate": (after(keyed_with_the_certificate), SIGNATURE),
    "digest by sha1": (
        after(attribute("(//ds:DigestMethod)[1]", "Algorithm", "http://www.w3.org/2000/09/xmldsig#sha1")),
        SIGNATURE,
    ),
    "c14n with comments": (
        after(attribute("//ds:CanonicalizationMethod", "Algorithm", f"{EXCLUSIVE}WithComments")),
        SIGNATURE,
    ),
    "xpath transform": (
        after(attribute("(//ds:Transform)[1]", "Algorithm", "http://www.w3.org/TR/1999/REC-xpath-19991116")),
        SIGNATURE,
    ),
    "two transforms": (after(twice("(//ds:Transform)[1]")), SIGNATURE),
    "reference to everything": (after(attribute("(//ds:Reference)[1]", "URI", "")), SIGNATURE),
    "reference to the outside": (after(attribute("(//ds:Reference)[1]", "URI", "http://localhost/x")), SIGNATURE),
    "reference by xpointer": (after(attribute("(//ds:Reference)[1]", "URI", "#xpointer(/)")), SIGNATURE),
    "reference twice": (after(twice("(//ds:Reference)[1]")), SIGNATURE),
    # which key
    "key info to the outside": (after(key_info(reference("http://localhost/cert"))), SIGNATURE),
    "key info to something else": (after(key_info(reference("#body"))), SIGNATURE),
    "key info with a key of its own": (
        after(key_info(f'<ds:KeyValue xmlns:ds="{DS}"><ds:RSAKeyValue/></ds:KeyValue>')),
        SIGNATURE,
    ),
    "certificate as pkcs7": (
        after(attribute("//wsse:BinarySecurityToken", "ValueType", f"{X509[:-6]}#PKCS7")),
        SIGNATURE,
    ),
    "certificate that is none": (
        after(text("//wsse:BinarySecurityToken", base64.b64encode(b"no").decode())),
        SIGNATURE,
    ),
    "certificate of nobody": (of_a_stranger, SIGNATURE),
    # time
    "old": (before(lambda _: None, age=timedelta(minutes=20)), SIGNATURE),
    "from the future": (before(lambda _: None, age=timedelta(minutes=-20)), SIGNATURE),
    "for ever": (before(lambda _: None, lasts=timedelta(days=1)), SIGNATURE),
    "expires before it is made": (before(lambda _: None, lasts=timedelta(minutes=-1)), SIGNATURE),
    "time without a zone": (before(text("//wsu:Created", "2026-01-01T00:00:00")), SIGNATURE),
    "time that is none": (before(text("//wsu:Created", "now")), SIGNATURE),
    # comments, documents, envelopes
    "comment in the system id": (
        before(lambda root: one(root, "//uni:UdbydersystemId").append(_comment_and(".evil"))),
        SIGNATURE,
    ),
    "element in the system id": (before(added("//uni:UdbydersystemId", "<x/>")), SYSTEM),
    "doctype": (with_doctype, "soap:Sender"),
    "utf-16": (in_utf_16, "soap:Sender"),
    "cut off": (lambda system: etree.tostring(system.signed(BODY))[:-200], "soap:Sender"),
    "deep": (deep, "soap:Sender"),
    "no xml": (lambda _: b"hello", "soap:Sender"),
    "nothing": (lambda _: b"", "soap:Sender"),
    "another root": (lambda _: f'<x xmlns="{SOAP}"/>'.encode(), "soap:Sender"),
    "soap 1.1": (soap_11, "soap:VersionMismatch"),
    "header that must be understood": (
        after(added("soap:Header", f'<x:y xmlns:x="urn:x" xmlns:soap="{SOAP}" soap:mustUnderstand="1"/>')),
        "soap:MustUnderstand",
    ),
    "meant for another service": (
        after(text("//wsa:To", "https://brugerdatabasen.stil.dk/bpi/wsaimport/8")),
        "soap:Sender",
    ),
    "action of another operation": (after(text("//wsa:Action", f"{SERVICE}/importerSletXml")), "soap:Sender"),
}


def _comment_and(tail: str) -> etree._Comment:
    comment = etree.Comment("x")
    comment.tail = tail
    return comment


@pytest.mark.parametrize("name", ATTACKS)
def test_v_70_v_71_v_72_v_73_v_74_v_76_a_bad_message_is_refused(system: System, name: str) -> None:
    attack, fault = ATTACKS[name]
    answer = system.send(attack(system))
    assert (answer.fault, answer.status) == (fault, 500 if fault.endswith(("Mismatch", "Understand")) else 400)
    reasons = [answer.text(f"//soap:Reason/soap:Text[@xml:lang='{language}']") for language in ("da", "en")]
    assert all(reason and "{" not in reason for reason in reasons), "a sentence with all it names"
    assert WORDS.get(name, "") in reasons[1]
    assert "Body" in answer.signed_parts()


WORDS = {
    "no timestamp": "Timestamp is missing or not signed",
    "no certificate": "BinarySecurityToken is missing or not signed",
    "body not signed": "Body is missing or not signed",
    "body changed": "'#body' (Body) is not what was signed: its canonical form, exclusive and without comments",
    "certificate of nobody": f"fingerprint {sha256(UNKNOWN.der).hexdigest()[:16]}…",
    "old": "Created must be the time now",
    "for ever": "Expires ten minutes later at most",
    "time without a zone": "times in UTC: 2026-08-10T03:00:00Z",
    "time that is none": "times in UTC: 2026-08-10T03:00:00Z",
    "utf-16": "it is not written in UTF-8",
    "cut off": "or not whole",
    "doctype": "Send it without",
    "action of another operation": f"Write {SERVICE}/importerXml, or leave it out",
}
"""What the reason says of some: what to do, and never a code or an empty place."""


def test_a_message_with_more_signed_parts_and_white_space_is_taken(system: System) -> None:
    def spread(root: Tree) -> None:
        one(root, "//wsa:To").set(f"{{{WSU}}}Id", "to")
        one(root, "//wsa:Action").set(f"{{{WSU}}}Id", "action")
        one(root, "//uni:UdbydersystemId").text = f"\n {system.system_id} "

    root = system.signed(hello(), before=spread, parts=(*PARTS, "to", "action", "token"))
    value = one(root, "//ds:SignatureValue")
    value.text = "\n".join(re.findall(".{1,76}", value.text or ""))
    assert system.send(etree.tostring(root)).status == 200


def test_v_73_a_comment_does_not_cut_a_value(system: System, other: System) -> None:
    """What is read is what is signed: all of the text, whatever comments stand in it."""
    root = other.signed(hello(), before=lambda root: _with_comment(root, system.system_id, ".evil"))
    assert system.system_id + "<!--" in etree.tostring(root).decode()
    assert other.send(etree.tostring(root)).fault == "Signatur"
    root = system.signed(hello(), before=lambda root: _with_comment(root, "ABpro", "ve1"))
    assert system.send(etree.tostring(root)).text("//uni:helloWorldResult") == "Hello ABprove1!"


def _with_comment(root: Tree, first: str, second: str) -> None:
    place = one(root, "//uni:UdbydersystemId")
    place.text = first
    place.append(_comment_and(second))


def test_a_message_is_taken_once(system: System) -> None:
    content = etree.tostring(system.signed(hello()))
    assert system.send(content).status == 200
    again = system.send(content)
    assert (again.status, again.fault) == (400, "Signatur")
    assert "MessageID" in again.text("//soap:Text[@xml:lang='en']")


def test_b_r01_the_certificate_of_another_system_is_refused_and_written_down(
    system: System, stranger: Holder, shared_database: str
) -> None:
    answer = System(system.system_id, stranger, system.endpoint).call(hello())
    assert answer.fault == "Signatur"
    count = "select count(*) from audit_event where action = 'sender.refused' and detail->>'why' like $1"
    assert within(shared_database, lambda tx: tx.fetchval(count, "%registered for ABprove1")) >= 1


def test_a_certificate_that_has_expired_or_was_removed_is_refused(system: System, shared_database: str) -> None:
    holder = make_holder("ABgammel4")
    checked = check_certificate(holder.pem, authorities=None, now=datetime.now(UTC))
    old = System("ABprove1", holder, system.endpoint)

    def change(statement: str) -> None:
        within(shared_database, lambda tx: tx.execute(f"{statement} where fingerprint = $1", checked.fingerprint))

    within(
        shared_database,
        lambda tx: actions.add_certificate(tx, "ABprove1", certificate=checked, actor=OPERATOR),
    )
    assert old.call(hello()).status == 200
    change("update roster_certificate set valid_until = kit_now() - interval '1 second'")
    assert old.call(hello()).fault == "Signatur"
    change("update roster_certificate set valid_until = kit_now() + interval '1 day', removed_at = kit_now()")
    assert old.call(hello()).fault == "Signatur"


def test_b_r03_more_than_32_megabytes_are_refused(system: System) -> None:
    assert system.send(b" " * (33 * 1024 * 1024)).status == 413


def test_another_type_of_content_is_refused(system: System) -> None:
    content = etree.tostring(system.signed(hello()))
    for content_type in ("text/xml", "application/soap+xml; charset=iso-8859-1", "multipart/related"):
        assert system.send(content, content_type=content_type).status == 415


def test_an_address_that_fails_too_often_waits(system: System) -> None:
    answers = [system.send(b"hello") for _ in range(11)]
    assert [answer.status for answer in answers] == [400] * 10 + [429]
    assert answers[-1].response.headers["retry-after"] == "60"


@pytest.mark.parametrize(
    "inner",
    ["", "text", "<a/><b/>", "<a/>tail", "&lt;UNILoginImport/&gt;"],
    ids=["nothing", "text", "two", "text behind", "escaped"],
)
def test_an_import_holds_exactly_one_document(system: System, inner: str) -> None:
    answer = system.call(f'<importerXml xmlns="{SERVICE}"><instXML>{inner}</instXML></importerXml>')
    assert (answer.status, answer.fault) == (400, "soap:Sender")


@pytest.mark.parametrize(
    "body", ['<sletAlt xmlns="urn:x"/>', '<importerXml xmlns="urn:x"/>', f'<hello xmlns="{SERVICE}"/>']
)
def test_an_unknown_operation_is_refused(system: System, body: str) -> None:
    assert system.call(body).fault == "soap:Sender"


def test_v_102_large_bodies_that_do_not_come_take_no_more_than_their_places(system: System) -> None:
    """More of them are told to come again; small messages go on."""
    parts = urlsplit(system.endpoint)
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/soap+xml\r\n"
        f"Content-Length: {30 * 1024 * 1024}\r\n\r\nx"
    )
    with ExitStack() as open_ones:
        wires = [
            open_ones.enter_context(socket.create_connection((parts.hostname or "", parts.port or 80), timeout=10))
            for _ in range(40)
        ]
        for wire in wires:
            wire.sendall(head.encode())
        answered: set[socket.socket] = set()
        while len(answered) < 8:
            ready, _, _ = select.select(set(wires) - answered, [], [], 10)
            assert ready, "nobody was told to come again"
            assert {wire.recv(13) for wire in ready} == {b"HTTP/1.1 503 "}
            answered |= set(ready)
        assert system.call(hello()).status == 200
