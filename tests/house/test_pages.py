"""Pages hold nothing inline, and every form of ours proves that it came from us."""

import re
from pathlib import Path

import pytest

from tests.house.source import PACKAGE, name_of, read, templates

INLINE = {
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.I),
    "a style element": re.compile(r"<style\b", re.I),
    "a script without a file": re.compile(r"<script(?![^>]*\ssrc=)", re.I),
    "a script with a body": re.compile(r"<script[^>]*>\s*[^<\s]", re.I),
    "an event handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.I),
    "a javascript address": re.compile(r"javascript:", re.I),
    "something from elsewhere": re.compile(
        r"<(?:link|script|img|iframe|object|embed)[^>]*(?:src|href)\s*=\s*[\"']?(?:https?:)?//", re.I
    ),
}
FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.I | re.S)
CSRF = re.compile(r'<input type="hidden" name="csrf" value="\{\{ csrf \}\}">')
POSTS_TO_A_SERVICE = {PACKAGE / "signin/templates/form_post.html"}
"""What is posted there is not for us to read, and our token would leak to the service."""
STRANGERS = (PACKAGE / "demo/relying_party", PACKAGE / "demo/mitid")
"""The learning service and the MitID simulator: other people's pages, with forms of their own."""


@pytest.mark.parametrize("path", templates(), ids=name_of)
def test_a_page_holds_nothing_inline(path: Path) -> None:
    markup = re.sub(r"\{#.*?#\}", "", read(path), flags=re.S)
    assert not [what for what, pattern in INLINE.items() if pattern.search(markup)]


@pytest.mark.parametrize("path", templates(), ids=name_of)
def test_a_form_that_posts_to_us_proves_that_it_came_from_us(path: Path) -> None:
    for attributes, body in FORM.findall(read(path)):
        assert "method=" in attributes, "a form says how it is sent"
        ours = path not in POSTS_TO_A_SERVICE and not any(path.is_relative_to(stranger) for stranger in STRANGERS)
        if 'method="post"' in attributes and ours:
            assert CSRF.search(body)


def test_only_a_form_to_a_service_leaves_our_token_out() -> None:
    for path in POSTS_TO_A_SERVICE:
        assert not CSRF.search(read(path))


@pytest.mark.parametrize("path", templates(), ids=name_of)
def test_every_form_ends(path: Path) -> None:
    assert read(path).count("<form") == read(path).count("</form>")


@pytest.mark.parametrize("path", templates(), ids=name_of)
def test_nothing_is_taken_for_safe_markup(path: Path) -> None:
    assert not re.search(r"\|\s*safe\b|autoescape\s+false", read(path))
