"""The frame that every page of an app stands in: which app, who one is, where one can go, the way out."""

from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response

from unilogin.apps.shell.access import AppVisit
from unilogin.apps.shell.model import Section
from unilogin.apps.shell.moments import said_clock, said_day, said_when
from unilogin.house import House


def render(
    house: House,
    request: Request,
    visit: AppVisit,
    *,
    template: str,
    sections: Sequence[Section],
    context: Mapping[str, object],
    status: int = 200,
) -> Response:
    """Render a page of an app in its frame. The page's own section is the longest one that its address begins with."""
    language = house.pages.language(request)
    now = visit.who.now
    here = [each for each in sections if any(_is_within(request.url.path, at) for at in (each.href, *each.within))]
    framed = {
        "app_name": visit.app.title_en if language == "en" else visit.app.title,
        "app_path": visit.app.path,
        "who": visit.who,
        "csrf": visit.csrf,
        "sections": sections,
        "here": max(here, key=lambda section: len(section.href), default=None),
        "when": lambda moment: said_when(house.texts, language, moment, now=now),
        "clock": lambda moment: said_clock(language, moment),
        "day": lambda moment: said_day(language, moment, now=now),
    }
    return house.pages.render(request, template, {**framed, **context}, status=status)


def _is_within(path: str, href: str) -> bool:
    return path == href or path.startswith(f"{href}/")
