"""The secrets that live outside the database: one key a purpose, in one sealed-off file (K-01, K-04, K-06).

The file is TOML, readable by its owner only: ``[secrets]`` with one 256-bit key in base64 for each purpose. Whoever
holds only a dump of the database can neither test a guess of a CPR number or a password nor sign a token.
"""

import base64
import binascii
import fcntl
import hashlib
import hmac
import os
import secrets
import stat
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from unilogin.kit.errors import SetupError, UniloginError

PURPOSES = (
    "key_encryption",
    "cpr_encryption",
    "cpr_index",
    "password_pepper",
    "browser_mac",
    "form_seal",
    "decoy_mac",
    "throttle",
    "audit_checkpoint",
)
ALWAYS_THERE = PURPOSES[:7]
"""In every file since the first release: one that lacks them has lost them, and new ones would open nothing."""

KEY_BYTES = 32
NONCE_BYTES = 12


class SecretsError(SetupError):
    """The secrets file is missing or unsafe; the sentence names the purpose and what to do."""

    code = "secrets"


class SealBrokenError(UniloginError):
    """A sealed value was changed, moved to another row, or sealed under another key."""

    code = "seal_broken"


@lru_cache(maxsize=16)
def _cipher(key: bytes) -> AESGCM:
    """Return the cipher of a key; to make one costs five times what it takes to seal a number."""
    return AESGCM(key)


@lru_cache(maxsize=4)
def _begun_mac(key: bytes) -> hmac.HMAC:
    """Return HMAC-SHA-256 with the key taken in, to be copied: a third cheaper than beginning anew."""
    return hmac.new(key, digestmod=hashlib.sha256)


@dataclass(frozen=True, slots=True)
class Sealer:
    """Authenticated encryption (AES-256-GCM, random 96-bit nonce) for one purpose."""

    VERSION: ClassVar[bytes] = b"\x01"
    key: bytes

    def seal(self, plain: bytes, place: str, *, nonce: bytes | None = None) -> bytes:
        """Encrypt; ``place`` (table, column, row) is authenticated so that a value cannot be moved (K-10).

        ``nonce`` spares whoever seals thousands a call to the system for each: twelve of its random bytes, never used.
        """
        nonce = nonce or os.urandom(NONCE_BYTES)
        return self.VERSION + nonce + _cipher(self.key).encrypt(nonce, plain, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """Decrypt; raises SealBrokenError for anything but what ``seal`` made for this place."""
        if sealed[:1] != self.VERSION or len(sealed) < 1 + NONCE_BYTES + 16:
            raise SealBrokenError("not a sealed value")
        try:
            return _cipher(self.key).decrypt(sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :], place.encode())
        except InvalidTag as error:
            raise SealBrokenError("sealed value changed or moved") from error


@dataclass(frozen=True, slots=True)
class CprVault:
    """CPR numbers: sealed for reading back, indexed by a keyed hash for finding (K-10, K-11)."""

    sealer: Sealer
    index_key: bytes

    def seal(self, cpr: str, person_id: UUID, *, nonce: bytes | None = None) -> bytes:
        """Encrypt ten canonical characters for the row of this person."""
        return self.sealer.seal(cpr.encode(), self._place(person_id), nonce=nonce)

    def open(self, sealed: bytes, person_id: UUID) -> str:
        """Decrypt; raises SealBrokenError when the value belongs to another row."""
        return self.sealer.open(sealed, self._place(person_id)).decode()

    def reseal(self, sealed: bytes, sealed_for: UUID, person_id: UUID) -> bytes:
        """Seal for another row what was sealed for one; raises SealBrokenError when it was not."""
        return self.seal(self.open(sealed, sealed_for), person_id)

    def index(self, cpr: str) -> bytes:
        """Return the look-up value of ten canonical characters: HMAC-SHA-256, full length."""
        mac = _begun_mac(self.index_key).copy()
        mac.update(cpr.encode())
        return mac.digest()

    @staticmethod
    def _place(person_id: UUID) -> str:
        return f"directory_person.cpr_sealed:{person_id}"


@dataclass(frozen=True, slots=True)
class Secrets:
    """The keys of one installation, by purpose. Never printed: ``repr`` shows no value."""

    keys: dict[str, bytes]

    def __repr__(self) -> str:
        return f"Secrets({', '.join(sorted(self.keys))})"

    def __getitem__(self, purpose: str) -> bytes:
        return self.keys[purpose]

    def sealer(self, purpose: str) -> Sealer:
        """Return the sealer of one purpose."""
        return Sealer(self.keys[purpose])

    def cpr_vault(self) -> CprVault:
        """Return the vault for CPR numbers."""
        return CprVault(self.sealer("cpr_encryption"), self.keys["cpr_index"])

    def mac(self, purpose: str, message: str) -> bytes:
        """Return HMAC-SHA-256 of a message under the key of one purpose."""
        return hmac.digest(self.keys[purpose], message.encode("utf-8", "surrogatepass"), hashlib.sha256)


def create_secrets_file(path: Path) -> None:
    """Write a new file with fresh keys, readable by its owner only; raises SecretsError when one is already there."""
    lines = [
        "# The keys of this Unilogin. Keep a copy in a safe, never beside the database's backup.",
        "[secrets]",
    ]
    lines += [_new_line(purpose) for purpose in PURPOSES]
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise SecretsError(f"{path} exists already; a new one would lock everybody out") from error
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _new_line(purpose: str) -> str:
    return f'{purpose} = "{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"'


def add_missing_secrets(path: Path) -> tuple[str, ...]:
    """Add keys for the purposes that an older release's file lacks, and return them; what is there stays as it is.

    The file is replaced in one step, with the same mode and owner, so that it is old or new whatever happens; two at
    once add each key once.

    Raises:
        SecretsError: the file is missing or unsafe, has lost what it always had, or may not be written here.

    """
    place = path.resolve()  # a link stays one
    try:
        with _only_one(place):
            text, mode, owner = place.read_text(encoding="utf-8"), place.stat().st_mode, place.stat()
            table = _table(path)
            missing = tuple(purpose for purpose in PURPOSES if purpose not in table)
            if lost := [purpose for purpose in missing if purpose in ALWAYS_THERE]:
                raise SecretsError(_lost(path, lost))
            if not missing:
                return ()
            added = "\n".join(["", *(_new_line(purpose) for purpose in missing)])
            _checked(_only_secrets(text.rstrip("\n") + added, path), path)
            _replace(place, text.rstrip("\n") + added + "\n", mode=mode, owner=(owner.st_uid, owner.st_gid))
            return missing
    except FileNotFoundError as error:
        raise SecretsError(f"no secrets file at {path}: make one with 'unilogin keys create-secrets'") from error
    except OSError as error:
        raise SecretsError(f"the secrets file {path} cannot be written here: {error.strerror}") from error


@contextmanager
def _only_one(place: Path) -> Iterator[None]:
    """Hold the file that stands there now, not one that somebody has just replaced."""
    while True:
        with place.open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            if os.fstat(held.fileno()).st_ino == place.stat().st_ino:
                yield
                return


def _only_secrets(text: str, path: Path) -> dict[str, object]:
    """Return the keys of a text; what is added at its end must stand among them and nowhere else."""
    document = tomllib.loads(text)
    if set(document) != {"secrets"}:
        raise SecretsError(
            f"the secrets file {path} holds more than the table [secrets]: move the rest elsewhere first"
        )
    return dict(document["secrets"])


def _replace(place: Path, text: str, *, mode: int, owner: tuple[int, int]) -> None:
    fresh = place.with_name(f".{place.name}.{secrets.token_hex(8)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), stat.S_IMODE(mode))
            if (os.geteuid(), os.getegid()) != owner:
                os.fchown(file.fileno(), *owner)
            os.fsync(file.fileno())
        os.replace(fresh, place)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    folder = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def load_secrets(path: Path) -> Secrets:
    """Read and check the file (K-06); raises SecretsError for missing, short, weak, reused or exposed keys."""
    return Secrets(_checked(_table(path), path))


def _table(path: Path) -> dict[str, object]:
    try:
        mode = path.stat().st_mode
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SecretsError(f"no secrets file at {path}: make one with 'unilogin keys create-secrets'") from error
    except (OSError, ValueError) as error:
        raise SecretsError(f"the secrets file {path} cannot be read as TOML: {type(error).__name__}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise SecretsError(f"the secrets file {path} can be read by others: run 'chmod 600 {path}'")
    table = document.get("secrets")
    if not isinstance(table, dict) or set(table) - set(PURPOSES):
        raise SecretsError(f"the secrets file {path} needs a table [secrets] with exactly: {', '.join(PURPOSES)}")
    return table


def _lost(path: Path, purposes: Sequence[str]) -> str:
    return (
        f"the secrets file {path} has lost {', '.join(purposes)}, which it always had: "
        "put back your copy of the file, for what was made with them opens with nothing else"
    )


def _checked(table: Mapping[str, object], path: Path) -> dict[str, bytes]:
    missing = [purpose for purpose in PURPOSES if purpose not in table]
    if lost := [purpose for purpose in missing if purpose in ALWAYS_THERE]:
        raise SecretsError(_lost(path, lost))
    if missing:
        raise SecretsError(
            f"the secrets file {path} is of an older release and lacks {', '.join(missing)}: "
            "run 'unilogin keys add-secrets' once, and give every node the same file"
        )
    keys: dict[str, bytes] = {}
    for purpose in PURPOSES:
        try:
            key = base64.b64decode(str(table.get(purpose, "")), validate=True)
        except binascii.Error:
            key = b""
        if len(key) != KEY_BYTES:
            raise SecretsError(f"the secret '{purpose}' must be 32 bytes in base64 (44 characters)")
        if len(set(key)) < 8:  # zeros, repeated letters, examples: random bytes never look like this
            raise SecretsError(f"the secret '{purpose}' is not random: make a file with 'unilogin keys create-secrets'")
        if key in keys.values():
            raise SecretsError(f"the secret '{purpose}' is the same as another one: one key for each purpose")
        keys[purpose] = key
    return keys
