"""The one door to JOSE: signing keys, signed tokens, key sets. A closed list of algorithms, never ``none``, no JWE.

RFC 7515, 7517, 7518, 7519, 7638; RFC 8725 for what is refused. Keys come only from us, never from a token (V-61).
"""

from dataclasses import dataclass
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey
from joserfc.jws import JWSRegistry

from unilogin.kit.errors import UniloginError

Algorithm = Literal["RS256", "ES256"]
RSA_BITS = 2048
_MAX_TOKEN_CHARACTERS = 8192
_ALGORITHMS = {"RS256", "ES256"}


class TokenRefusedError(UniloginError):
    """A token is not one that we or a configured issuer signed for this use."""

    code = "token_refused"


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


def verify(token: str, *, keys: list[dict[str, Any]], typ: str = "JWT") -> dict[str, Any]:
    """Return the claims of a token signed by one of these public keys; times and audience are the caller's to check.

    Raises:
        TokenRefusedError: too long, another algorithm or type, unknown key, a critical header, a bad signature.

    """
    if len(token) > _MAX_TOKEN_CHARACTERS or token.count(".") != 2:  # V-63: no work for what cannot be a token
        raise TokenRefusedError("not a compact token of ours")
    try:
        decoded = jwt.decode(
            token,
            KeySet.import_key_set({"keys": keys}),
            algorithms=sorted(_ALGORITHMS),
            registry=JWSRegistry(algorithms=sorted(_ALGORITHMS)),
        )
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise TokenRefusedError(f"token refused: {type(error).__name__}") from error
    if (
        decoded.header.get("typ", typ) != typ or "crit" in decoded.header
    ):  # RFC 8725 §3.11: kinds are not interchangeable
        raise TokenRefusedError("token of another kind")
    return dict(decoded.claims)
