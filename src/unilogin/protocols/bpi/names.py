"""Names of the wire: namespaces and addresses of SOAP 1.2, WS-Addressing, WS-Security and of the service itself."""

SOAP = "http://www.w3.org/2003/05/soap-envelope"
SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
ANONYMOUS = f"{ADDRESSING}/anonymous"
SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"

_WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
SECURITY = f"{_WSS}wssecurity-secext-1.0.xsd"
UTILITY = f"{_WSS}wssecurity-utility-1.0.xsd"
X509 = f"{_WSS}x509-token-profile-1.0#X509v3"
BASE64 = f"{_WSS}soap-message-security-1.0#Base64Binary"
ID = f"{{{UTILITY}}}Id"

COMMON = "https://brugerdatabasen.stil.dk/bpi/common/3"
SERVICE = "https://brugerdatabasen.stil.dk/bpi/wsaimport/8"
PORT_TYPE = "WsaImportPortType"

PATH = "/bpi/wsaimport/8"
UPLOAD = "/bpi/upload/{number}"
CONTENT_TYPE = "application/soap+xml"


def address_of(base_url: str, number: str, delivery_id: object) -> str:
    """Return where a sender asks what became of a delivery."""
    return f"{base_url}{UPLOAD.format(number=number)}/{delivery_id}"
