"""What can be said of the look without a server: contrast, weight, words, drawings, and what the scripts may not do."""

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.browser.gallery import LOOK, SERVICE, render_page, samples
from unilogin.kit.text import LANGUAGES, Language, load_texts
from unilogin.kit.web.look.pictograms import COLUMNS, PICTOGRAMS, Pictogram

TEXTS = load_texts()
TEMPLATES = sorted([*LOOK.glob("*.html"), *(LOOK.parents[2] / "signin" / "templates").glob("*.html")])
SCRIPTS = sorted(LOOK.glob("*.js"))
STYLE = (LOOK / "look.css").read_text(encoding="utf-8")
SAMPLES = {name: (template, context) for name, template, context in samples()}
PAGES = [(language, name) for language in LANGUAGES for name in SAMPLES]

# ink on ground, for words (4.5:1) and for edges and signs one must see to use the page (3:1); WCAG 2.2 1.4.3, 1.4.11
WORDS = [
    *((ink, ground) for ink in ("ink", "ink-soft", "accent") for ground in ("card", "accent-soft")),
    *(("ink", ground) for ground in ("ground", "hill-far", "hill-near", "hill-thing", "warm-soft")),
    ("ink-soft", "still"),
    ("on-accent", "accent"),
    ("warm", "card"),
    ("warm", "warm-soft"),
    ("slot-ink", "slot"),
    ("card", "ink"),
]
SHAPES = [
    *((edge, "card") for edge in ("edge", "accent", "warm-edge", "block-line", "ink")),
    ("warm-edge", "warm-soft"),
    ("slot-ink", "tray"),
    ("mark", "ground"),
    ("mark-arms", "mark"),
]


def _theme(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


LIGHT = _theme(STYLE.split("@media (prefers-color-scheme: dark)")[0])
DARK = LIGHT | _theme(STYLE.split("@media (prefers-color-scheme: dark)")[1].split("\n}")[0])


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_words_stand_out_from_their_ground_by_4_5_to_1_and_shapes_by_3_to_1(theme: Mapping[str, str]) -> None:
    faint = [
        f"{ink} on {ground}: {ratio:.2f}"
        for pairs, least in ((WORDS, 4.5), (SHAPES, 3.0))
        for ink, ground in pairs
        if (ratio := _contrast(theme[ink], theme[ground])) < least
    ]
    assert not faint


def test_the_stylesheet_uses_no_colour_that_is_not_a_token() -> None:
    rules = STYLE.split("/* The frame */")[1]
    assert set(re.findall(r"#[0-9a-f]{3,8}\b", rules)) <= {"#3a2c1038"}  # the shadow inside a hollow


def test_there_are_twenty_pictures_in_four_columns_each_with_its_own_words() -> None:
    assert len(PICTOGRAMS) == 20
    assert len(PICTOGRAMS) % COLUMNS == 0
    for words in ([p.id for p in PICTOGRAMS], [p.word_da for p in PICTOGRAMS], [p.word_en for p in PICTOGRAMS]):
        assert len(set(words)) == 20


@pytest.mark.parametrize("picture", PICTOGRAMS, ids=lambda picture: picture.id)
def test_a_picture_is_small_safe_and_drawn_like_the_others(picture: Pictogram) -> None:
    assert picture.id == picture.word_da.replace("æ", "ae").replace("ø", "oe").replace("å", "aa")
    drawing = LOOK / picture.asset
    text = drawing.read_text(encoding="utf-8")
    assert drawing.stat().st_size < 1600
    assert 'viewBox="0 0 64 64"' in text
    assert 'stroke="#33261d"' in text
    assert not re.search(r"<script|<style|href|url\(|\bon\w+=|<text|<!--", text)


def test_no_two_drawings_are_the_same_and_none_is_left_over() -> None:
    drawings = {path.stem: path.read_bytes() for path in (LOOK / "pictograms").glob("*.svg")}
    assert drawings.keys() == {picture.id for picture in PICTOGRAMS}
    assert len(set(drawings.values())) == 20


class _Tags(HTMLParser):
    """Collects the tags of a page, and the words outside of them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words += data

    def named(self, tag: str) -> Iterator[dict[str, str]]:
        return (attributes for name, attributes in self.tags if name == tag)


def _page(language: Language, name: str) -> tuple[str, _Tags]:
    template, context = SAMPLES[name]
    page = render_page(TEXTS, language, template, context)
    return page, _Tags(page)


@pytest.mark.parametrize(("language", "name"), PAGES)
def test_a_page_is_whole_and_holds_nothing_inline(language: Language, name: str) -> None:
    page, seen = _page(language, name)
    assert page.startswith("<!doctype html>")
    assert f'<html lang="{language}">' in page
    assert page.count("<h1") == (0 if name in ("moving-on", "form-post") else 1)
    assert page.count("<main") == 1
    assert "None" not in seen.words
    assert not re.search(r"\b(signin|look)\.[a-z_]+", seen.words)  # a code where a sentence should be
    for tag, attributes in seen.tags:
        assert "style" not in attributes
        assert not [attribute for attribute in attributes if attribute.startswith("on")]
        assert tag != "script" or attributes["src"]
    ids = [attributes["id"] for _, attributes in seen.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in seen.tags:
        assert set(attributes.get("aria-describedby", "").split()) <= set(ids)
        assert "for" not in attributes or attributes["for"] in ids


ABOUT_ONESELF = ("soon", "recover-", "notice")
"""Pages about one's own name or password: what is said there is true of every service."""


@pytest.mark.parametrize("name", [name for name in SAMPLES if not name.startswith(ABOUT_ONESELF)])
def test_every_page_of_the_journey_says_which_service_it_is_for(name: str) -> None:
    assert SERVICE in _page("da", name)[1].words


@pytest.mark.parametrize("name", SAMPLES)
def test_every_form_of_ours_carries_the_csrf_field_and_a_foreign_one_never(name: str) -> None:
    page, seen = _page("da", name)
    forms = list(seen.named("form"))
    fields = [field for field in seen.named("input") if field.get("name") == "csrf"]
    assert len(fields) == (0 if name == "form-post" else len(forms))
    assert all(form["method"] == "post" for form in forms)
    assert "signin" not in page or 'name="csrf"' not in page or forms


def test_a_name_that_looks_like_markup_stays_a_name() -> None:
    template, context = SAMPLES["password"]
    page = render_page(TEXTS, "da", template, {**context, "username": "<b onload=x>", "service": '"><script>'})
    assert "<b " not in page
    assert "<script>" not in page


def test_an_error_is_tied_to_its_field() -> None:
    for name, field in (("username-error", "username"), ("password-error", "password")):
        inputs = [entry for entry in _page("da", name)[1].named("input") if entry.get("id") == field]
        assert inputs[0]["aria-invalid"] == "true"
        assert inputs[0]["aria-describedby"] == f"{field}-error {field}-help"
        assert "autofocus" in inputs[0]


def test_pictures_and_places_are_buttons_with_spoken_names() -> None:
    buttons = list(_page("da", "pictures-two")[1].named("button"))
    assert [b["aria-label"] for b in buttons if b.get("name") == "picture"] == [p.word_da for p in PICTOGRAMS]
    assert [b["value"] for b in buttons if b.get("name") == "picture"] == [p.id for p in PICTOGRAMS]
    places = [b for b in buttons if b.get("name") == "empty"]
    assert [b["aria-label"] for b in places] == [
        "Plads 1: sol. Tryk for at fjerne", "Plads 2: tom", "Plads 3: is. Tryk for at fjerne", "Plads 4: tom"
    ]  # fmt: skip
    assert ["disabled" in b for b in places] == [False, True, False, True]


@pytest.mark.parametrize(("name", "done"), [("pictures", False), ("pictures-two", False), ("pictures-full", True)])
def test_next_can_be_pressed_only_when_four_places_are_filled(name: str, *, done: bool) -> None:
    button = next(b for b in _page("da", name)[1].named("button") if b.get("name") == "next")
    assert ("disabled" not in button) is done


def test_the_remembered_method_comes_first() -> None:
    chosen = [b.get("value") for b in _page("da", "selector-local")[1].named("button")]
    assert chosen == ["local3", "uni_idp", "nemlogin3", "1"]


def test_a_page_with_pictures_weighs_less_than_60_kb_in_all() -> None:
    page, seen = _page("da", "pictures-full")
    files = {Path(entry["src"]).relative_to("../look") for tag in ("script", "img") for entry in seen.named(tag)}
    files |= {Path(entry["href"]).relative_to("../look") for entry in seen.named("link")}
    weight = len(page.encode()) + sum((LOOK / file).stat().st_size for file in files)
    assert len(files) == 20 + 4  # the pictures; stylesheet, icon and two scripts
    assert weight < 60_000


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_is_small_and_touches_no_dangerous_or_lasting_thing(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    if script.name == "signed_out.js":  # waits for other services' frames, but not for ever
        text = text.replace("setTimeout", "", 1)
    if script.name == "search.js":  # asks this server, once a pause in the typing
        text = text.replace("setTimeout", "", 1).replace("fetch", "", 2)
    if script.name == "board.js":  # helps without leaving the page, and asks anew when the server is gone
        text = text.replace("setTimeout", "", 5).replace("fetch", "", 2)
    assert len(text) < (6144 if script.name == "board.js" else 4096)
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|Function\(|localStorage|sessionStorage|indexedDB|"
        r"cookie|setTimeout|setInterval(?!\(\(\) =>)|fetch|XMLHttpRequest|sendBeacon|\.style\b",
        text,
    )


def test_every_code_a_template_names_has_a_sentence_in_both_languages() -> None:
    named = {
        code
        for template in TEMPLATES
        for code in re.findall(r"\bt\('([a-z_0-9.]+[a-z_0-9])'", template.read_text(encoding="utf-8"))
    }
    assert named
    for language in LANGUAGES:
        assert named <= TEXTS.codes(language)


@pytest.mark.parametrize("room", ["look", "signin"])
def test_both_languages_say_the_same_things_with_the_same_fields(room: str) -> None:
    codes = {language: {c for c in TEXTS.codes(language) if c.startswith(f"{room}.")} for language in LANGUAGES}
    assert codes["da"] == codes["en"]
    for code in codes["da"]:
        fields = [set(re.findall(r"\{\w+\}", str(TEXTS.raw(language, code)))) for language in LANGUAGES]
        assert fields[0] == fields[1], code
        assert all(TEXTS.raw(language, code) for language in LANGUAGES), code


def test_every_reason_to_stop_says_what_happened_what_it_means_what_to_do_and_whom_to_ask() -> None:
    reasons = {code.rsplit(".", 1)[0] for code in TEXTS.codes("da") if re.match(r"\w+\.stopped\.\w+\.", code)}
    assert len(reasons) >= 8
    for reason in reasons:
        context = {"message": reason, "incident": None, "service": None, "restart_url": None}
        assert TEXTS("da", f"{reason}.title") in _Tags(render_page(TEXTS, "da", "signin/stopped.html", context)).words
