"""What people read: every code has a Danish and an English sentence, every code used exists, none lies about unused."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from string import Formatter

import pytest
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

from tests.house.source import PACKAGE, name_of, parsed, python_files, read, strings, templates
from unilogin.kit.text import LANGUAGES, Language, Texts, load_texts

LOCALE = PACKAGE / "locale"
ROOMS = sorted(path.stem for path in (LOCALE / "da").glob("*.po"))
CODE = re.compile(rf"(?:{'|'.join(ROOMS)})\.[a-z0-9_.{{}}]+")
MSGID = re.compile(r'^msgid "(.+)"', re.M)
FILE = re.compile(r".*\.(?:css|html|js|po|svg)")
SPEAKS_FOR_ITSELF = ("src/unilogin/demo/relying_party/", "src/unilogin/domain/audit/events.py")
"""The learning service is a stranger with words of its own; names of events are read by machines."""
FAULTS = PACKAGE / "kit/faults.py"
"""Names of places where tests break the server; nobody reads them aloud."""


@pytest.fixture(scope="module")
def texts() -> Texts:
    return load_texts()


def test_every_sentence_exists_in_both_languages(texts: Texts) -> None:
    assert texts.codes("da") == texts.codes("en")


def test_both_languages_name_the_same_fields(texts: Texts) -> None:
    different = [code for code in texts.codes("da") if fields(texts, "da", code) != fields(texts, "en", code)]
    assert not different


def test_a_sentence_with_plural_forms_has_them_in_both_languages(texts: Texts) -> None:
    forms = {
        code: [isinstance(texts.raw(language, code), tuple) for language in LANGUAGES] for code in texts.codes("da")
    }
    assert not [code for code, kinds in forms.items() if len(set(kinds)) > 1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogues_are_whole(language: Language) -> None:
    """No empty, doubtful or misplaced sentence: a code begins with the name of its room, which names the file."""
    wrong = []
    for path in (LOCALE / language).glob("*.po"):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=language)
        wrong += [f"{path.name}: {text}" for text in catalogue.obsolete]
        for message in catalogue:
            code = message.id[0] if isinstance(message.id, list | tuple) else message.id
            said = message.string if isinstance(message.string, list | tuple) else [message.string]
            if code and (message.fuzzy or not all(said) or code.split(".")[0] != path.stem):
                wrong.append(f"{path.name}: {code}")
    assert not wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_code_is_given_twice(language: Language) -> None:
    codes = [code for path in (LOCALE / language).glob("*.po") for code in MSGID.findall(read(path))]
    assert len(codes) == len(set(codes))


def test_every_code_used_has_a_sentence(texts: Texts) -> None:
    missing = [
        f"{place}: {code}"
        for place, code in used()
        if not any(pattern(code).fullmatch(known) for known in texts.codes("da"))
    ]
    assert not missing


def test_no_sentence_is_unused(texts: Texts) -> None:
    codes = {code for _, code in used()}
    unused = [known for known in sorted(texts.codes("da")) if not any(fills(known, code) for code in codes)]
    assert not unused


def test_every_stop_page_says_what_happened_what_it_means_what_to_do_and_whom_to_ask(texts: Texts) -> None:
    stems = {found[0] for known in texts.codes("da") if (found := re.match(r"\w+\.stopped\.\w+(?=\.)", known))}
    assert stems
    for stem in stems:
        assert {f"{stem}.{part}" for part in ("title", "meaning", "todo", "ask")} <= texts.codes("da"), stem


def test_every_member_of_a_list_of_messages_has_a_sentence(texts: Texts) -> None:
    known = {part for code in texts.codes("da") for part in (code, *code.split("."))}
    silent = [
        f"{name_of(path)}: {member}"
        for path in python_files("src/")
        if path.name == "messages.py"
        for member in enum_values(parsed(path))
        if member not in known
    ]
    assert not silent


def test_every_sentence_is_given_its_fields(texts: Texts) -> None:
    """Where code and fields stand together, none is missing: the page would be a fault instead."""
    missing = [
        f"{place}: {code} needs {needed}"
        for place, code, given in calls()
        if code in texts.codes("da") and None not in given and (needed := fields(texts, "da", code) - given)
    ]
    assert not missing


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_are_finished(texts: Texts, language: Language) -> None:
    for code in texts.codes(language):
        raw = texts.raw(language, code)
        for said in raw if isinstance(raw, tuple) else (raw,):
            assert said == said.strip(), code
            assert not re.search(r"  |!!|\.\.\.|\w' |--", said), code


def fields(texts: Texts, language: Language, code: str) -> set[str | None]:
    raw = texts.raw(language, code)
    forms = raw if isinstance(raw, tuple) else (raw,)
    return {name for form in forms for _, name, _, _ in Formatter().parse(form) if name is not None}


@cache
def pattern(code: str) -> re.Pattern[str]:
    """A code may be the stem of several: a stop page adds .title, .meaning, .todo and .ask."""
    return re.compile(re.escape(code).replace(r"\{\}", "(.+)") + r"(?:\.(.+))?")


def fills(known: str, code: str) -> bool:
    """Whether a sentence belongs to a code, and what is filled in while running are words the source knows."""
    match = pattern(code).fullmatch(known)
    return match is not None and all(part in words() for filled in match.groups("") for part in filled.split("."))


@cache
def words() -> frozenset[str]:
    """Every piece of every string of the source, in small letters: what a code can be put together from."""
    found = {text for path in python_files("src/") for _, text in strings(path)}
    found |= {text for path in templates() for text in strings_of(tree_of(read(path)))}
    return frozenset(part for text in found for part in (text.lower(), *text.lower().split(".")))


@cache
def used() -> tuple[tuple[str, str], ...]:
    """Every code in the source, as (place, code); what is filled in while running appears as ``{}``."""
    found = []
    for path in python_files("src/"):
        if not name_of(path).startswith(SPEAKS_FOR_ITSELF):
            found += [(f"{name_of(path)}:{line}", text) for line, text in strings(path)]
    for path in templates():
        if not name_of(path).startswith(SPEAKS_FOR_ITSELF):
            found += [(name_of(path), text) for text in strings_of(tree_of(read(path)))]
    faults = {text for _, text in strings(FAULTS)}
    return tuple(
        (place, text)
        for place, text in found
        if CODE.fullmatch(text) and not FILE.fullmatch(text) and text not in faults
    )


def tree_of(template: str) -> nodes.Template:
    return Environment(autoescape=True).parse(template)


def strings_of(tree: nodes.Node) -> Iterator[str]:
    """The strings of a template; those joined with ``~`` as one."""
    joined = set()
    for concat in tree.find_all(nodes.Concat):
        joined |= {id(part) for part in concat.nodes}
        yield "".join(str(part.value) if isinstance(part, nodes.Const) else "{}" for part in concat.nodes)
    for const in tree.find_all(nodes.Const):
        if isinstance(const.value, str) and id(const) not in joined:
            yield const.value


def calls() -> Iterator[tuple[str, str, set[str | None]]]:
    """Every call with a code spelled out: the place, the code, the names of the fields given; None for ``**fields``."""
    for path in templates():
        if not name_of(path).startswith(SPEAKS_FOR_ITSELF):
            for call in tree_of(read(path)).find_all(nodes.Call):
                if isinstance(call.node, nodes.Name) and call.node.name == "t":
                    code = call.args[0]
                    if isinstance(code, nodes.Const):
                        yield f"{name_of(path)}:{call.lineno}", str(code.value), {pair.key for pair in call.kwargs}
    for path in python_files("src/"):
        for node in ast.walk(parsed(path)):
            match node:
                case ast.Call(
                    func=ast.Name(id="texts") | ast.Attribute(attr="texts" | "_texts"),
                    args=[_, ast.Constant(value=str(spelled))],
                    keywords=given,
                ):
                    yield f"{name_of(path)}:{node.lineno}", spelled, {keyword.arg for keyword in given}


def enum_values(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(bases=[ast.Name(id="StrEnum")], body=body):
                for line in body:
                    if isinstance(line, ast.Assign) and isinstance(line.value, ast.Constant):
                        yield str(line.value.value)
