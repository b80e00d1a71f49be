"""SOAP messages as schools' systems send them, signed by a library that is not ours."""

import base64
import uuid
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
from cryptography.x509 import load_der_x509_certificate
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, SignatureConstructionMethod, SignatureMethod
from signxml.signer import SignatureReference, XMLSigner
from signxml.verifier import SignatureConfiguration, XMLVerifier

from tests.builders.certificates import Holder
from tests.roster.documents import document, member, person, student

SOAP = "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"
WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE = f"{WSS}wssecurity-secext-1.0.xsd"
WSU = f"{WSS}wssecurity-utility-1.0.xsd"
X509 = f"{WSS}x509-token-profile-1.0#X509v3"
BASE64 = f"{WSS}soap-message-security-1.0#Base64Binary"
DS = "http://www.w3.org/2000/09/xmldsig#"
COMMON = "https://brugerdatabasen.stil.dk/bpi/common/3"
SERVICE = "https://brugerdatabasen.stil.dk/bpi/wsaimport/8"
NAMES = {"soap": SOAP, "wsa": WSA, "wsse": WSSE, "wsu": WSU, "ds": DS, "uni": COMMON, "tns": SERVICE}
PARTS = ("body", "timestamp", "message", "system")
EXCLUSIVE = CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0

Tree = etree._Element
Change = Callable[[Tree], None]


@dataclass(eq=False)
class System:
    """A school's system: its id, its certificate, and the service it talks to."""

    system_id: str
    holder: Holder
    endpoint: str
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60))

    def __post_init__(self) -> None:
        weakref.finalize(self, self.client.close)

    def call(self, body: str, **more: object) -> "Answer":
        """Sign and send."""
        return self.send(etree.tostring(self.signed(body, **more)))  # type: ignore[arg-type]

    def deliver(self, text: str, operation: str = "importerXml") -> "Answer":
        """Deliver a document."""
        return self.call(importing(text, operation))

    def send(self, content: bytes, *, content_type: str = "application/soap+xml; charset=UTF-8") -> "Answer":
        """Send bytes as they are."""
        return Answer(self.client.post(self.endpoint, content=content, headers={"Content-Type": content_type}))

    def signed(
        self,
        body: str,
        *,
        parts: Sequence[str] = PARTS,
        before: Change | None = None,
        algorithm: SignatureMethod = SignatureMethod.RSA_SHA256,
        key: object = None,
        age: timedelta = timedelta(),
        lasts: timedelta = timedelta(minutes=5),
        message_id: str | None = None,
        prefixes: list[str] | None = None,
    ) -> Tree:
        """A signed envelope; ``before`` changes it before it is signed."""
        root = self._unsigned(body, age=age, lasts=lasts, message_id=message_id or f"urn:uuid:{uuid.uuid4()}")
        if before:
            before(root)
        signer = _Signer(SignatureConstructionMethod.detached, algorithm, c14n_algorithm=EXCLUSIVE)
        signature = signer.sign(
            root,
            key=key or self.holder.key,  # type: ignore[arg-type]
            reference_uri=[SignatureReference(part, inclusive_ns_prefixes=prefixes) for part in parts],
            key_info=etree.fromstring(_KEY_INFO),
        )
        one(root, "//wsse:Security").append(signature)
        return root

    def _unsigned(self, body: str, *, age: timedelta, lasts: timedelta, message_id: str) -> Tree:
        created = datetime.now(UTC) - age
        operation = etree.fromstring(body).tag.rpartition("}")[2]
        return etree.fromstring(
            f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Header xmlns:wsa="{WSA}" xmlns:wsu="{WSU}">'
            f"<wsa:Action>{SERVICE}/{operation}</wsa:Action><wsa:To>{self.endpoint}</wsa:To>"
            f"<wsa:ReplyTo><wsa:Address>{WSA}/anonymous</wsa:Address></wsa:ReplyTo>"
            f'<wsa:MessageID wsu:Id="message">{message_id}</wsa:MessageID>'
            f'<UdbydersystemId xmlns="{COMMON}" wsu:Id="system">{self.system_id}</UdbydersystemId>'
            f'<wsse:Security xmlns:wsse="{WSSE}" soap:mustUnderstand="1"><wsu:Timestamp wsu:Id="timestamp">'
            f"<wsu:Created>{created:%Y-%m-%dT%H:%M:%S}.123Z</wsu:Created>"
            f"<wsu:Expires>{created + lasts:%Y-%m-%dT%H:%M:%S}.123Z</wsu:Expires></wsu:Timestamp>"
            f'<wsse:BinarySecurityToken wsu:Id="token" ValueType="{X509}" EncodingType="{BASE64}">'
            f"{base64.b64encode(self.holder.der).decode()}</wsse:BinarySecurityToken></wsse:Security></soap:Header>"
            f'<soap:Body xmlns:wsu="{WSU}" wsu:Id="body">{body}</soap:Body></soap:Envelope>'
        )


_KEY_INFO = (
    f'<ds:KeyInfo xmlns:ds="{DS}"><wsse:SecurityTokenReference xmlns:wsse="{WSSE}">'
    f'<wsse:Reference URI="#token" ValueType="{X509}"/></wsse:SecurityTokenReference></ds:KeyInfo>'
)


class _Signer(XMLSigner):
    def check_deprecated_methods(self) -> None:
        """Sign with whatever the attack needs."""


class Answer:
    """What came back."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.root = etree.fromstring(response.content)

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def fault(self) -> str:
        """The type of the authentification error; the SOAP code of another fault; nothing when there is none."""
        return self.text("//uni:authentificationError/uni:type") or self.text("//soap:Fault/soap:Code/soap:Value")

    def text(self, path: str) -> str:
        return str(self.root.xpath(f"string({path})", namespaces=NAMES))

    def signed_parts(self) -> set[str]:
        """Check the signature with the certificate that is in the answer; return what it signs, by tag."""
        der = base64.b64decode(self.text("//wsse:BinarySecurityToken"))
        results = XMLVerifier().verify(
            self.root,
            x509_cert=load_der_x509_certificate(der),
            expect_config=SignatureConfiguration(require_x509=False, expect_references=len(self.references)),
        )
        found = results if isinstance(results, list) else [results]
        return {etree.QName(one.signed_xml).localname for one in found if one.signed_xml is not None}

    @property
    def references(self) -> list[Tree]:
        return list(self.root.iter(f"{{{DS}}}Reference"))


def one(root: Tree, path: str) -> Tree:
    """The only element on a path."""
    found = root.xpath(path, namespaces=NAMES)
    assert isinstance(found, list)
    assert len(found) == 1
    assert isinstance(found[0], etree._Element)
    return found[0]


def hello(namespace: str = COMMON) -> str:
    return f'<helloWorldWithCertificate xmlns="{namespace}"/>'


def importing(text: str, operation: str = "importerXml") -> str:
    """An operation with a document in it."""
    root = text.partition("?>")[2].strip() if text.startswith("<?") else text
    return f'<t:{operation} xmlns:t="{SERVICE}"><t:instXML>{root}</t:instXML></t:{operation}>'


def roster(
    number: str, cpr: str, *, source: str, time: str = "2025-08-10T03:00:00+02:00", local_id: str = "e-1"
) -> str:
    """A document with one pupil."""
    return document(member(local_id, person(cpr), student()), number=number, source=source, time=time)
