"""Chromium's own authenticator for tests: a device with a lock, driven over its debugging protocol."""

import base64
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from playwright.sync_api import CDPSession, Page

from tests.builders.authenticator import Authenticator


@dataclass(frozen=True, slots=True)
class Device:
    """The authenticator that a window sees."""

    session: CDPSession
    id: str

    @classmethod
    def beside(cls, page: Page, *, unlocks: bool = True, answers: bool = True, transport: str = "internal") -> "Device":
        """Put a device beside a page. ``unlocks``: its owner passes the lock; ``answers``: touches it when asked."""
        session = page.context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": transport,
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": unlocks,
            "automaticPresenceSimulation": answers,
        }
        made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        return cls(session, made["authenticatorId"])

    def take(self, device: Authenticator, *, user_handle: bytes) -> None:
        """Take over a key that was made elsewhere."""
        private = device.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        credential = {
            "credentialId": base64.b64encode(device.credential_id).decode(),
            "isResidentCredential": True,
            "rpId": "localhost",
            "privateKey": base64.b64encode(private).decode(),
            "userHandle": base64.b64encode(user_handle).decode(),
            "signCount": device.counter,
        }
        self.session.send("WebAuthn.addCredential", {"authenticatorId": self.id, "credential": credential})

    def keys(self) -> list[dict[str, Any]]:
        """The keys in it."""
        found: list[dict[str, Any]] = self.session.send("WebAuthn.getCredentials", {"authenticatorId": self.id})[
            "credentials"
        ]
        return found

    def unlock(self, *, works: bool) -> None:
        """Let its lock open or not."""
        self.session.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": works})

    def wait_for_a_touch(self, *, waits: bool) -> None:
        """Let it wait for its owner, or answer at once."""
        self.session.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": self.id, "enabled": not waits})
