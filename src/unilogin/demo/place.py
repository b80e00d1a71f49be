"""Where the demo keeps what it needs between two starts."""

from pathlib import Path


def service_file(data: Path) -> Path:
    """Return the file with the learning service's client secret (mode 600)."""
    return data / "demo-service.json"
