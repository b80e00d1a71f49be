"""The one door to JOSE: signing keys, signed tokens, key sets. A closed list of algorithms, never ``none``, no JWE.

RFC 7515, 7517, 7518, 7519, 7638; RFC 8725 for what is refused. Keys come only from us, never from a token (V-61).
"""

import base64
from dataclasses import dataclass
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError, MissingKeyError
from joserfc.jwk import ECKey, KeySet, RSAKey
from joserfc.jws import JWSRegistry

from unilogin.kit.errors import UniloginError
from unilogin.kit.strict_json import StrictDecoder

Algorithm = Literal["RS256", "ES256"]
RSA_BITS = 2048
_MAX_TOKEN_CHARACTERS = 8192
_ALGORITHMS = {"RS256", "ES256"}


class TokenRefusedError(UniloginError):
    """A token is not one that we or a configured issuer signed for this use."""

    code = "token_refused"


class UnknownKeyError(TokenRefusedError):
    """A token names a key that is not in the set: it may have been published since."""

    code = "unknown_key"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key with its id (RFC 7638 thumbprint) and the one algorithm it may be used with (N-43)."""

    kid: str
    algorithm: Algorithm
    key: RSAKey | ECKey

    @classmethod
    def generate(cls, algorithm: Algorithm) -> "SigningKey":
        """Make a new key."""
        key: RSAKey | ECKey
        if algorithm == "RS256":
            key = RSAKey.import_key(_pem(rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)))
        else:
            key = ECKey.import_key(_pem(ec.generate_private_key(ec.SECP256R1())))
        return cls(key.thumbprint(), algorithm, key)

    @classmethod
    def from_pem(cls, pem: bytes, *, algorithm: Algorithm) -> "SigningKey":
        """Load a key that ``pem()`` wrote."""
        key: RSAKey | ECKey = RSAKey.import_key(pem) if algorithm == "RS256" else ECKey.import_key(pem)
        return cls(key.thumbprint(), algorithm, key)

    def pem(self) -> bytes:
        """Return the private key as PKCS#8 PEM, to be sealed."""
        return self.key.as_pem(private=True)

    def public_jwk(self) -> dict[str, Any]:
        """Return the public key as published in the key set."""
        return {**self.key.as_dict(private=False), "kid": self.kid, "alg": self.algorithm, "use": "sig"}

    def sign(self, claims: dict[str, Any], *, typ: str = "JWT") -> str:
        """Return the claims as a signed token in compact form."""
        header = {"alg": self.algorithm, "kid": self.kid, "typ": typ}
        return jwt.encode(header, claims, self.key, algorithms=[self.algorithm])


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def verify(
    token: str, *, keys: list[dict[str, Any]], typ: str = "JWT", longest: int = _MAX_TOKEN_CHARACTERS
) -> dict[str, Any]:
    """Return the claims of a token signed by one of these public keys; times and audience are the caller's to check.

    Raises:
        UnknownKeyError: none of the keys is the one the token names.
        TokenRefusedError: too long, another algorithm or type, a critical header, a bad signature, a claim given twice.

    """
    if len(token) > longest or token.count(".") != 2:  # V-63: no work for what cannot be a token
        raise TokenRefusedError("not a compact token")
    try:
        decoded = jwt.decode(
            token,
            KeySet.import_key_set({"keys": keys}),
            algorithms=sorted(_ALGORITHMS),
            registry=JWSRegistry(algorithms=sorted(_ALGORITHMS)),
            decoder_cls=StrictDecoder,
        )
    except (InvalidKeyIdError, MissingKeyError) as error:
        raise UnknownKeyError("signed with a key that is not published") from error
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise TokenRefusedError(f"token refused: {type(error).__name__}") from error
    if (
        decoded.header.get("typ", typ) != typ or "crit" in decoded.header
    ):  # RFC 8725 §3.11: kinds are not interchangeable
        raise TokenRefusedError("token of another kind")
    return dict(decoded.claims)


_PUBLIC = {"RSA": ("n", "e"), "EC": ("crv", "x", "y")}
_MOST_KEYS = 50


def published_keys(document: object) -> list[dict[str, Any]]:
    """Return the public keys of somebody else's key set that a signature of ours to check may be made with.

    Whatever is not an RSA key of 2048 bits or more, or a key for ES256, is left out, and so are two keys that
    answer to one name: which of them is meant, nobody could say.
    """
    listed = document.get("keys") if isinstance(document, dict) else None
    usable = [key for entry in (listed if isinstance(listed, list) else [])[:_MOST_KEYS] if (key := _usable(entry))]
    names = [key.get("kid") for key in usable]
    return [key for key in usable if names.count(key.get("kid")) == 1]


def _usable(entry: object) -> dict[str, Any] | None:
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
        return None
    if str(entry.get("alg", "RS256")) not in _ALGORITHMS:
        return None
    wanted = _PUBLIC.get(str(entry.get("kty")))
    operations = entry.get("key_ops", ["verify"])
    if wanted is None or not isinstance(operations, list) or "verify" not in operations:
        return None
    public = {name: entry[name] for name in ("kty", "kid", *wanted) if isinstance(entry.get(name), str)}
    return public if _is_strong(public) else None


def _is_strong(public: dict[str, Any]) -> bool:
    try:
        if public["kty"] == "EC":
            return isinstance(ECKey.import_key(public).public_key.curve, ec.SECP256R1)
        modulus = base64.urlsafe_b64decode(public["n"] + "==")
        if int.from_bytes(modulus, "big").bit_length() < RSA_BITS:
            return False
        return RSAKey.import_key(public).public_key.public_numbers().e > 2
    except (JoseError, ValueError, TypeError, KeyError):
        return False
