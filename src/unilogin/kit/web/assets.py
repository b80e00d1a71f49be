"""The look's files, each under an address that holds its hash: cached for a year, fresh at once after a change."""

import hashlib
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
PREFIX = "/look"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, read once at the start."""

    url: str
    body: bytes
    content_type: str


class Assets:
    """All files of the look; nothing is read from disk for a request, so no path can lead astray (V-103)."""

    def __init__(self, folder: Traversable | None = None) -> None:
        root = folder or resources.files("unilogin.kit.web") / "look"
        self._by_name = dict(_read(root, ""))
        self._by_url = {asset.url: asset for asset in self._by_name.values()}

    def url(self, name: str) -> str:
        """Return the address of a file such as ``look.css``; raises KeyError for one that does not exist."""
        return self._by_name[name].url

    def at(self, url: str) -> Asset | None:
        """Return the file of an address, or None."""
        return self._by_url.get(url)


def _read(folder: Traversable, prefix: str) -> list[tuple[str, Asset]]:
    found: list[tuple[str, Asset]] = []
    for entry in folder.iterdir():
        suffix = "." + entry.name.rpartition(".")[2]
        if entry.is_dir():
            found += _read(entry, f"{prefix}{entry.name}/")
        elif suffix in _TYPES:
            body = entry.read_bytes()
            name = prefix + entry.name
            fingerprint = hashlib.sha256(body).hexdigest()[:12]
            found.append((name, Asset(f"{PREFIX}/{fingerprint}/{name}", body, _TYPES[suffix])))
    return found
