"""What a provider says of itself, and what is believed of it (OpenID Connect Discovery §4.3). Pure."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from unilogin.kit.addresses import is_loopback
from unilogin.protocols.oidc_rp.errors import DistrustError
from unilogin.protocols.oidc_rp.model import Metadata, Registered

_MOST_CHARACTERS = 2048


def read_metadata(document: Mapping[str, object], provider: Registered, *, own_machine: bool) -> Metadata:
    """Return the metadata; raises DistrustError when it is another issuer's or cannot be used safely."""
    if document.get("issuer") != provider.issuer:  # §4.3, RFC 9207 §2.4: else two providers could be mixed up
        raise DistrustError("metadata issuer")
    _check_ways(document)
    userinfo = document.get("userinfo_endpoint")
    methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Metadata(
        issuer=provider.issuer,
        authorization_endpoint=_address(document, "authorization_endpoint", own_machine=own_machine),
        token_endpoint=_address(document, "token_endpoint", own_machine=own_machine),
        jwks_uri=_address(document, "jwks_uri", own_machine=own_machine),
        userinfo_endpoint=_address(document, "userinfo_endpoint", own_machine=own_machine) if userinfo else None,
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
        takes_basic=isinstance(methods, list) and "client_secret_basic" in methods,
    )


def _check_ways(document: Mapping[str, object]) -> None:
    """The code flow with PKCE by S256, and a signature we know, are among what it offers, where it says."""
    for name, wanted in (
        ("response_types_supported", {"code"}),
        ("code_challenge_methods_supported", {"S256"}),
        ("id_token_signing_alg_values_supported", {"RS256", "ES256"}),
    ):
        offered = document.get(name)
        if offered is not None and not (isinstance(offered, list) and wanted & {str(value) for value in offered}):
            raise DistrustError(f"metadata {name}")


def _address(document: Mapping[str, object], name: str, *, own_machine: bool) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not is_address(value, own_machine=own_machine):
        raise DistrustError(f"metadata {name}")
    return value


def is_address(value: str, *, own_machine: bool) -> bool:
    """Tell whether an address is one we send a browser or a secret to: https, or this machine's own on a laptop."""
    if len(value) > _MOST_CHARACTERS or not value.isascii() or not value.isprintable() or " " in value:
        return False
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not host or parts.fragment or "@" in parts.netloc:
        return False
    here = is_loopback(host)
    return (parts.scheme == "https" and not here) or (own_machine and here and parts.scheme in ("http", "https"))
