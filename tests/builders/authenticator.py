"""An authenticator made of software: answers as a telephone does, or as an attacker who changes one thing."""

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import encode_cbor

PRESENT, VERIFIED, MAY_BE_COPIED, COPIED, HAS_KEY = 0x01, 0x04, 0x08, 0x10, 0x40
USED = PRESENT | VERIFIED

Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def text(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw(written: str) -> bytes:
    """The bytes of base64url without padding."""
    return base64.urlsafe_b64decode(written + "=" * (-len(written) % 4))


def new_key(algorithm: int = -7) -> Key:
    """A private key: ES256 (-7), EdDSA (-8) or RS256 (-257)."""
    if algorithm == -8:
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm == -257:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1())


def cose(key: Key) -> bytes:
    """The public half as a COSE_Key."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        point = key.public_key().public_numbers()
        return encode_cbor({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")})
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return encode_cbor({1: 1, 3: -8, -1: 6, -2: key.public_key().public_bytes_raw()})
    numbers = key.public_key().public_numbers()
    return encode_cbor({1: 3, 3: -257, -1: numbers.n.to_bytes(256, "big"), -2: numbers.e.to_bytes(3, "big")})


def signed(key: Key, message: bytes) -> bytes:
    """The message's signature as WebAuthn wants it of this kind of key."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(message, ec.ECDSA(SHA256()))
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    return key.sign(message, padding.PKCS1v15(), SHA256())


@dataclass(frozen=True)
class Answered:
    """An answer before it is signed and written; each part may be changed."""

    key: Key
    credential_id: bytes
    client_data: Mapping[str, object]
    rp_id: str
    flags: int
    counter: int
    user_handle: bytes
    signature: bytes | None = None
    authenticator_data: bytes | None = None
    client_data_raw: bytes | None = None

    def changed(self, **parts: Any) -> "Answered":
        """The same with other parts; ``origin`` and the like are parts of the client data."""
        own = {name: value for name, value in parts.items() if name in self.__dataclass_fields__}
        said = {name: value for name, value in parts.items() if name not in own}
        return replace(self, **own, client_data={**self.client_data, **said})

    @property
    def client_data_bytes(self) -> bytes:
        return self.client_data_raw or json.dumps(self.client_data).encode()

    def flags_and_counter(self) -> bytes:
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([self.flags]) + self.counter.to_bytes(4, "big")

    def written(self) -> str:
        """What the page posts: to a question to sign in."""
        data = self.authenticator_data or self.flags_and_counter()
        signature = self.signature or signed(self.key, data + hashlib.sha256(self.client_data_bytes).digest())
        return json.dumps(
            {
                "id": text(self.credential_id),
                "rawId": text(self.credential_id),
                "type": "public-key",
                "response": {
                    "clientDataJSON": text(self.client_data_bytes),
                    "authenticatorData": text(data),
                    "signature": text(signature),
                    "userHandle": text(self.user_handle),
                },
            }
        )


@dataclass(frozen=True)
class Made:
    """A new key before it is written; each part may be changed."""

    answered: Answered
    public_key: bytes
    statement: Mapping[str, object] = field(default_factory=dict)
    format: str = "none"
    attestation_object: bytes | None = None

    def changed(self, **parts: Any) -> "Made":
        """The same with other parts, of the answer's or its own."""
        own = {name: value for name, value in parts.items() if name in self.__dataclass_fields__}
        return replace(self, **own, answered=self.answered.changed(**{n: v for n, v in parts.items() if n not in own}))

    def about_the_device(self) -> bytes:
        """The authenticator data, with the new key in it."""
        answered = self.answered
        data = answered.flags_and_counter() + bytes(16) + len(answered.credential_id).to_bytes(2, "big")
        return data + answered.credential_id + self.public_key

    def signed_by_itself(self) -> "Made":
        """The same with a statement that the new key signs for itself."""
        message = self.about_the_device() + hashlib.sha256(self.answered.client_data_bytes).digest()
        return self.changed(format="packed", statement={"alg": -7, "sig": signed(self.answered.key, message)})

    def written(self) -> str:
        """What the page posts: to a question to add one."""
        answered, data = self.answered, self.about_the_device()
        made = encode_cbor({"fmt": self.format, "attStmt": dict(self.statement), "authData": data})
        return json.dumps(
            {
                "id": text(answered.credential_id),
                "rawId": text(answered.credential_id),
                "type": "public-key",
                "response": {
                    "clientDataJSON": text(answered.client_data_bytes),
                    "attestationObject": text(self.attestation_object or made),
                    "transports": ["internal", "hybrid"],
                },
            }
        )


@dataclass
class Authenticator:
    """One device with one key for one account."""

    origin: str
    algorithm: int = -7
    counts: bool = True
    key: Key = field(init=False)
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    counter: int = 0

    def __post_init__(self) -> None:
        self.key = new_key(self.algorithm)

    def _answered(self, kind: str, challenge: str, user_handle: bytes) -> Answered:
        self.counter += self.counts
        return Answered(
            key=self.key,
            credential_id=self.credential_id,
            client_data={"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False},
            rp_id="localhost",
            flags=USED,
            counter=self.counter,
            user_handle=user_handle,
        )

    def answer(self, options: Mapping[str, Any], user_handle: bytes) -> Answered:
        """Sign in."""
        return self._answered("webauthn.get", options["challenge"], user_handle)

    def make(self, options: Mapping[str, Any]) -> Made:
        """Make a key for who asks."""
        answered = self._answered("webauthn.create", options["challenge"], raw(options["user"]["id"]))
        return Made(answered.changed(flags=USED | HAS_KEY), cose(self.key))
