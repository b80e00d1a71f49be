"""Sentences in Danish and English, found by code: ``locale/{da,en}/<room>.po``, read with Babel once at the start."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

Language = Literal["da", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
DEFAULT: Language = "da"


@dataclass(frozen=True, slots=True)
class _Sentences:
    """The sentences of one language; a code with plural forms holds several."""

    by_code: Mapping[str, str | tuple[str, ...]]
    plural: Callable[[int], int]


class Texts:
    """All sentences of all rooms. ``texts("da", "signin.title", name="Åse")``; an unknown code raises KeyError."""

    def __init__(self, sentences: Mapping[Language, _Sentences]) -> None:
        self._sentences = sentences

    def __call__(self, language: Language, code: str, **fields: object) -> str:
        """Return the sentence; ``count`` among the fields chooses the plural form."""
        sentences = self._sentences[language]
        found = sentences.by_code[code]
        if isinstance(found, tuple):
            count = fields.get("count", 1)
            found = found[sentences.plural(count if isinstance(count, int) else 1)]
        return found.format_map(fields) if fields else found

    def codes(self, language: Language) -> frozenset[str]:
        """Return every code this language has a sentence for."""
        return frozenset(self._sentences[language].by_code)

    def raw(self, language: Language, code: str) -> str | tuple[str, ...]:
        """Return the sentence with its fields unfilled, for tests that compare the languages."""
        return self._sentences[language].by_code[code]


@cache
def load_texts() -> Texts:
    """Read the catalogues of the package, once in a process."""
    return Texts({language: _read(language) for language in LANGUAGES})


def _read(language: Language) -> _Sentences:
    from babel.messages.pofile import read_po

    folder = resources.files("unilogin.locale") / language
    by_code: dict[str, str | tuple[str, ...]] = {}
    plural: Callable[[int], int] = _two_forms
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not entry.name.endswith(".po"):
            continue
        with entry.open("rb") as file:
            by_code |= _sentences_of(read_po(file, locale=language))
    return _Sentences(by_code, plural)


def _two_forms(count: int) -> int:
    """Danish and English both have a singular for one and a plural for all else."""
    return 0 if count == 1 else 1


def _sentences_of(catalog: "Catalog") -> dict[str, str | tuple[str, ...]]:
    found: dict[str, str | tuple[str, ...]] = {}
    for message in catalog:
        code = message.id[0] if isinstance(message.id, (tuple, list)) else message.id
        if code:
            text = message.string
            found[code] = tuple(text) if isinstance(text, (tuple, list)) else str(text)
    return found


def negotiate(wanted: str, *, chosen: str | None = None) -> Language:
    """Return the language of a page: the one chosen here before, else the browser's first we have, else Danish.

    ``wanted`` is an Accept-Language or ui_locales value of at most 200 characters; anything odd means Danish (B-L17).
    """
    for candidate in LANGUAGES:
        if chosen == candidate:
            return candidate
    for part in wanted[:200].replace(" ", ",").split(","):
        tag = part.split(";")[0].strip().lower().split("-")[0]
        for candidate in LANGUAGES:
            if tag == candidate:
                return candidate
    return DEFAULT
