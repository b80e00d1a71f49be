"""Renders every page of the journey with sample people into a folder, to be looked at.

``python -m tests.browser.gallery FOLDER`` writes ``<language>/<page>.html`` beside the look's files;
``--shoot`` photographs them in Chromium as well, in all the sizes and themes a page must stand.
"""

import argparse
import shutil
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined

from tests.browser import level_samples, recovery_samples
from tests.browser.installed import QUIET, chromium_path
from unilogin.kit.text import LANGUAGES, Language, Texts, load_texts
from unilogin.kit.web.look.pictograms import PICTOGRAMS

LOOK = Path(str(resources.files("unilogin.kit.web") / "look"))
SERVICE = "Læseslottet"
STOPS = (
    *("look.stopped.fault", "signin.stopped.stale", "signin.stopped.lost"),
    *("external.stopped.over", "external.stopped.unasked", "external.stopped.odd"),
)
NOT_LET_IN = (
    *("cancelled", "unavailable", "refused", "level", "no_account", "several", "closed", "not_public_law"),
    *("no_cpr_business", "no_cpr"),
)
"""Every reason why somebody who comes back from MitID does not come in."""

Context = Mapping[str, Any]

COMPONENTS = """{% extends "look/base.html" %}{% import "look/components.html" as ui %}
{% block title %}Komponenter{% endblock %}{% block page %}app{% endblock %}{% block main %}<div class="card card-wide">
{{ ui.heading("Klasse 2.B") }}{{ ui.help("Her er 3 elever.") }}
{{ ui.message("Anna fik en ny adgangskode.", "success") }}{{ ui.message("Listen er fra i går aftes.") }}
{{ ui.message("Filen kunne ikke læses. Linje 12 mangler et navn.", "error") }}
{{ ui.table("Elever", ["Navn", "Brugernavn", "Tilstand"],
            [["Anna Holm", "anna1234", ui.tag("Logget ind", "good")], ["Bo Lund", "bolu0042", ui.tag("Venter", "wait")],
             ["Liv Dahl", "livd7310", ui.tag("Stoppet", "stop")]]) }}
{{ ui.button("Gem", kind="primary") }}{{ ui.button("Fortryd", kind="quiet") }}{{ ui.button("Giv", disabled=true) }}
</div>{% endblock %}"""


@cache
def environment(texts: Texts, language: Language) -> Environment:
    """Return the templates as the pages of the product see them, but with files beside them in place of addresses."""
    loader = PrefixLoader(
        {
            "look": PackageLoader("unilogin.kit.web", "look"),
            "recovery": PackageLoader("unilogin.recovery"),
            "signin": PackageLoader("unilogin.signin"),
        }
    )
    templates = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    templates.globals |= {
        "asset": lambda name: f"../look/{name}",
        "lang": language,
        "t": lambda code, **fields: texts(language, code, **fields),
        "language_links": {code: f"../{code}/index.html" for code in LANGUAGES},
    }
    return templates


def _method(value: str, symbol: str, *, remembered: bool = False) -> dict[str, Any]:
    room = value if symbol == "unilogin" else symbol
    return {
        "value": value,
        "label_code": f"signin.method.{room}.label",
        "help_code": f"signin.method.{room}.help",
        "symbol": symbol,
        "remembered": remembered,
    }


_METHODS = [_method("uni_idp", "unilogin"), _method("nemlogin3", "mitid"), _method("showIdpList", "local")]
_LOGINS = [
    {"value": f"local{number}", "label": label}
    for number, label in enumerate(
        ("Birkerup Kommune Elev", "Birkerup Kommune Medarbejder", "Egelund Friskole", "Havnsø Gymnasium",
         "Kløverby Kommune", "Lyngholm Efterskole", "Sandvig Privatskole", "Ørslev Kommune")
    )
]  # fmt: skip
_FORM: Context = {"action": "", "csrf": "sealed", "service": SERVICE}
_PERSON: Context = {
    **_FORM, "username": "anna1234", "back_url": "#", "not_me_url": "#", "error": None, "forgotten_url": "#",
    "first_url": "#",
}  # fmt: skip


def _pictures(*chosen: str | None, **more: object) -> Context:
    by_id = {picture.id: picture for picture in PICTOGRAMS}
    places = [by_id[picture] if picture else None for picture in (*chosen, None, None, None, None)[:4]]
    return {**_PERSON, "pictograms": PICTOGRAMS, "places": places, "chosen": "sealed", **more}


def _passkey(**more: object) -> Context:
    return {**_FORM, "back_url": "#", "options": "{}", "by_name": True, "begin": False, "error": None, **more}


def _notices() -> Iterator[tuple[str, str, Context]]:
    first = {**_FORM, "code": "signin.notice.words", "count": 30, "now": False, "change_url": "#"}
    yield "notice", "signin/notice.html", first
    yield "notice-last", "signin/notice.html", {**first, "code": "signin.notice.age", "count": 1}
    yield "notice-now", "signin/notice.html", {**first, "code": "signin.notice.password", "now": True}


def samples() -> Iterator[tuple[str, str, Context]]:
    """Yield (name of the picture, template, context) for every page and every state worth seeing."""
    remembered = [*_METHODS[1:], _method("uni_idp", "unilogin", remembered=True)]
    named = {"value": "local3", "label": "Havnsø Gymnasium", "symbol": "local", "remembered": True}
    named["help_code"] = "signin.method.local.help"
    yield "selector", "signin/selector.html", {**_FORM, "methods": _METHODS}
    yield "selector-remembered", "signin/selector.html", {**_FORM, "methods": remembered}
    yield "selector-local", "signin/selector.html", {**_FORM, "methods": [named, *_METHODS]}
    yield "local-logins", "signin/local_logins.html", {**_FORM, "back_url": "#", "logins": _LOGINS}
    yield "local-logins-none", "signin/local_logins.html", {**_FORM, "back_url": "#", "logins": []}
    yield "username", "signin/username.html", {**_PERSON, "username": "", "shared": False}
    missing = {**_PERSON, "username": "", "shared": True, "error": "signin.username.missing"}
    yield "username-error", "signin/username.html", missing
    with_passkey = {**_PERSON, "username": "", "shared": False, "passkey_url": "#"}
    yield "username-passkey", "signin/username.html", with_passkey
    yield "passkey", "signin/passkey.html", _passkey()
    yield "passkey-surer", "signin/passkey.html", _passkey(by_name=False)
    yield "passkey-error", "signin/passkey.html", _passkey(error="passkeys.refused")
    yield "passkey-too-often", "signin/passkey.html", _passkey(options=None, error="passkeys.too_often")
    yield "password", "signin/password.html", _PERSON
    yield "password-error", "signin/password.html", {**_PERSON, "error": "signin.password.wrong"}
    yield "pictures", "signin/pictures.html", _pictures()
    yield "pictures-two", "signin/pictures.html", _pictures("sol", None, "is")
    yield "pictures-full", "signin/pictures.html", _pictures("sol", "hus", "bil", "is")
    yield "pictures-error", "signin/pictures.html", _pictures(error="signin.pictures.wrong")
    yield "role", "signin/role.html", {**_FORM, "options": [{"value": "KONTAKT"}, {"value": "MEDARBEJDER_EKSTERN"}]}
    yield from _notices()
    told = {"provider": "MitID", "institutions": "Lyngbakkens Friskole"}
    for why in NOT_LET_IN:
        incident = "7K3M-9PQ2" if why == "several" else None
        refusal = {**_FORM, "why": why, "fields": told, "incident": incident, "ways_url": "#"}
        yield f"external-{why}", "signin/external.html", refusal
    mitid = {**_method("nemlogin3", "mitid"), "label": "MitID"}
    yield "needed", "signin/needed.html", {**_FORM, "methods": [mitid], "decline_action": "#"}
    for message in STOPS:
        context = {"message": message, "incident": "7K3M-9PQ2", "service": SERVICE, "restart_url": "#"}
        yield f"stopped-{message.rpartition('.')[2]}", "signin/stopped.html", context
    yield "soon-local", "signin/soon.html", {"topic": "local", "service": SERVICE, "back_url": "#"}
    yield "moving-on", "signin/moving_on.html", {"url": "username.html", "service": SERVICE}
    fields = {"code": "abc", "state": "x y&z"}
    yield "form-post", "signin/form_post.html", {"action": "#", "fields": fields, "service": SERVICE}
    yield from level_samples.samples()
    yield from recovery_samples.samples()


def render_page(texts: Texts, language: Language, template: str, context: Context) -> str:
    """Return one page."""
    return environment(texts, language).get_template(template).render(context)


def render(folder: Path) -> list[Path]:
    """Write every page in every language and return the files."""
    texts = load_texts()
    shutil.copytree(LOOK, folder / "look", dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    written: list[Path] = []
    for language in LANGUAGES:
        (folder / language).mkdir(parents=True, exist_ok=True)
        for name, template, context in samples():
            page = folder / language / f"{name}.html"
            page.write_text(render_page(texts, language, template, context), encoding="utf-8")
            written.append(page)
        page = folder / language / "components.html"
        page.write_text(environment(texts, language).from_string(COMPONENTS).render(), encoding="utf-8")
        written.append(page)
    return written


SHOTS: Mapping[str, Mapping[str, Any]] = {
    "360": {"viewport": {"width": 360, "height": 640}},
    "1024": {"viewport": {"width": 1024, "height": 768}},
    "1440": {"viewport": {"width": 1440, "height": 900}},
    "dark": {"viewport": {"width": 1024, "height": 768}, "color_scheme": "dark"},
    "zoom400": {"viewport": {"width": 320, "height": 256}, "device_scale_factor": 4},
}


def shoot(folder: Path, pages: list[Path], only: str) -> None:
    """Photograph the pages whose name holds ``only``: the first window, and the whole page on small ones."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=QUIET)
        for kind, options in SHOTS.items():
            context = browser.new_context(**options, java_script_enabled=True)
            for page in pages:
                if only not in f"{page.parent.name}/{page.stem}" or page.stem in ("moving-on", "form-post"):
                    continue
                tab = context.new_page()
                tab.goto(page.as_uri())
                shot = folder / "shots" / f"{page.parent.name}-{page.stem}-{kind}.png"
                tab.screenshot(path=shot, full_page=kind in ("360", "zoom400"))
                tab.close()
            context.close()
        browser.close()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shoot", nargs="?", const="", metavar="PART", help="photograph pages whose name holds PART")
    wanted = parser.parse_args()
    pages = render(wanted.folder)
    if wanted.shoot is not None:
        shoot(wanted.folder, pages, wanted.shoot)


if __name__ == "__main__":
    main()
