"""JSON of strangers: an object that gives a member twice means two things to two readers, and is refused (F-24)."""

import json
from collections.abc import Sequence
from typing import Any

from unilogin.kit.errors import UniloginError


class JsonError(UniloginError):
    """Not a JSON object, or one that is ambiguous."""

    code = "json"


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member is given twice")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


class StrictDecoder(json.JSONDecoder):
    """Python's decoder without its leniency."""

    def __init__(self) -> None:
        super().__init__(object_pairs_hook=_once, parse_constant=_no_constant)


def read_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body; raises JsonError for anything else."""
    try:
        found = StrictDecoder().decode(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise JsonError(type(error).__name__) from error
    if not isinstance(found, dict):
        raise JsonError("not an object")
    return found
