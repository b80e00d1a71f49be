"""A whole client of the roster service wsaIMPORT 8, to copy: zeep speaks SOAP, signxml signs.

    python wsaimport_client.py SERVICE SYSTEM_ID KEY_AND_CERTIFICATE.pem hello
    python wsaimport_client.py SERVICE SYSTEM_ID KEY_AND_CERTIFICATE.pem agreements
    python wsaimport_client.py SERVICE SYSTEM_ID KEY_AND_CERTIFICATE.pem full|delta|delete FILE

SERVICE is the address with the WSDL behind it, such as http://localhost:8000/bpi/wsaimport/8.
"""

import base64
import json
import sys
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, load_der_x509_certificate, load_pem_x509_certificate
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, SignatureConstructionMethod
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, XMLVerifier
from zeep import Client
from zeep.wsa import WsAddressingPlugin

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
COMMON = "https://brugerdatabasen.stil.dk/bpi/common/3"
_WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE = f"{_WSS}wssecurity-secext-1.0.xsd"
WSU = f"{_WSS}wssecurity-utility-1.0.xsd"
X509 = f"{_WSS}x509-token-profile-1.0#X509v3"
BASE64 = f"{_WSS}soap-message-security-1.0#Base64Binary"
OPERATIONS = {"full": "importerXml", "delta": "importerDeltaXml", "delete": "importerSletXml"}


class Signed:
    """Signs what zeep sends and checks what it gets. Body, Timestamp, MessageID and UdbydersystemId must be signed."""

    def __init__(self, system_id: str, pem: bytes) -> None:
        self.system_id = system_id
        self.pem = pem
        self.certificate = load_pem_x509_certificate(pem[pem.index(b"-----BEGIN CERTIFICATE") :])
        self.answered_by: Certificate | None = None  # compare it with the one you were told

    def apply(self, envelope: etree._Element, headers: dict[str, str]) -> tuple[etree._Element, dict[str, str]]:
        """Put the system's id and the signature into a message."""
        header = envelope.find(f"{{{SOAP}}}Header")
        now = datetime.now(UTC)
        header.append(etree.fromstring(f'<u:UdbydersystemId xmlns:u="{COMMON}">{self.system_id}</u:UdbydersystemId>'))
        security = etree.fromstring(
            f'<wsse:Security xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}" xmlns:s="{SOAP}" s:mustUnderstand="1">'
            f"<wsu:Timestamp><wsu:Created>{now:%Y-%m-%dT%H:%M:%SZ}</wsu:Created>"
            f"<wsu:Expires>{now + timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}</wsu:Expires></wsu:Timestamp>"
            f'<wsse:BinarySecurityToken wsu:Id="token" ValueType="{X509}" EncodingType="{BASE64}">'
            f"{base64.b64encode(self.certificate.public_bytes(Encoding.DER)).decode()}</wsse:BinarySecurityToken>"
            "</wsse:Security>"
        )
        header.append(security)
        parts = {
            "body": envelope.find(f"{{{SOAP}}}Body"),
            "timestamp": security[0],
            "message": header.find(f"{{{ADDRESSING}}}MessageID"),
            "system": header.find(f"{{{COMMON}}}UdbydersystemId"),
        }
        for name, part in parts.items():
            part.set(f"{{{WSU}}}Id", name)
        signer = XMLSigner(
            SignatureConstructionMethod.detached,
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        )
        key_info = etree.fromstring(
            f'<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#" xmlns:wsse="{WSSE}">'
            f'<wsse:SecurityTokenReference><wsse:Reference URI="#token" ValueType="{X509}"/>'
            "</wsse:SecurityTokenReference></ds:KeyInfo>"
        )
        security.append(signer.sign(envelope, key=self.pem, reference_uri=list(parts), key_info=key_info))
        return envelope, headers

    def verify(self, envelope: etree._Element) -> None:
        """Refuse an answer whose Body the service has not signed."""
        der = base64.b64decode(envelope.findtext(f".//{{{WSSE}}}BinarySecurityToken") or "")
        self.answered_by = load_der_x509_certificate(der)
        count = len(list(envelope.iter("{http://www.w3.org/2000/09/xmldsig#}Reference")))
        results = XMLVerifier().verify(
            envelope,
            x509_cert=self.answered_by,
            expect_config=SignatureConfiguration(require_x509=False, expect_references=count),
        )
        if not any(one.signed_xml is not None and one.signed_xml.tag == f"{{{SOAP}}}Body" for one in results):
            raise ValueError("the Body of the answer is not signed")


def connect(service: str, system_id: str, pem: bytes) -> Client:
    """Return a client that signs for the system."""
    return Client(f"{service}?wsdl", wsse=Signed(system_id, pem), plugins=[WsAddressingPlugin()])


def deliver(client: Client, kind: str, content: bytes) -> dict[str, object]:
    """Deliver a UNILoginImport document; return the receipt."""
    answer = client.service[OPERATIONS[kind]](instXML={"_value_1": etree.fromstring(content)})
    print(f"{answer.reskode}: {answer.restekst}")  # noqa: T201 - a command that says what it did
    receipt: dict[str, object] = json.loads(answer.kvittering)
    return receipt


def main(service: str, system_id: str, pem_file: str, what: str, *files: str) -> None:
    """Do one thing and say what came of it."""
    with open(pem_file, "rb") as file:
        client = connect(service, system_id, file.read())
    if what == "hello":
        print(client.service.helloWorldWithCertificate())  # noqa: T201 - as above
    elif what == "agreements":
        print(*(client.service.hentDataAftaler() or ()))  # noqa: T201 - as above
    else:
        with open(files[0], "rb") as file:
            print(json.dumps(deliver(client, what, file.read()), ensure_ascii=False, indent=2))  # noqa: T201 - as above


if __name__ == "__main__":
    main(*sys.argv[1:])
