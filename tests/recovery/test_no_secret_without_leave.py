"""V-39, V-40: whatever order of requests, no secret is set without leave for that account, journey and browser.

Two browsers with journeys of their own ask for every page and post every form, of their own journey or the other's,
at any time, after any proof or none. A model keeps who has truly proved what, and where.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.builders.inside import Inside, inside
from tests.builders.journeys import Journeys
from tests.builders.people import People, Somebody
from tests.builders.running import run
from tests.recovery.families import Families
from tests.recovery.inside_windows import Windows
from tests.recovery.mitid import ALIAS, MitId
from tests.recovery.steps import shown_pictures
from tests.visitor import Visitor
from unilogin.domain.credentials.windows import WindowKind
from unilogin.domain.directory.model import Username
from unilogin.domain.sessions.model import Device
from unilogin.kit.db.connection import acquire
from unilogin.kit.ids import new_token
from unilogin.kit.secrets import Secrets
from unilogin.signin.actions import choose_method, name_somebody
from unilogin.signin.browser import csrf_token
from unilogin.signin.model import Failure, JourneyId, Method

PAGES = (
    "names", "names/found", "password", "password/forgotten", "password/mitid", "password/parent", "password/change",
    "window", "new-password", "new-password/own", "new-password/practise", "username",
)  # fmt: skip
FORMS = (
    "window", "new-password", "new-password", "new-password/own", "new-password/own", "new-password/go",
    "new-password/practise", "names/found", "password/change",
)  # fmt: skip
ERRANDS = ("names", "password/mitid", "password/parent")
NAMES = ("pupil", "child")
WHO = (*NAMES, "parent", "stranger")
TABS = 3
NEW = "grønne gulerødder ler 4"


@dataclass(eq=False)
class Tab:
    """A journey in a browser, and what was truly proved in it: ``may``: whose secret, and by what."""

    browser: int
    journey: str
    named: str | None = None
    may: set[tuple[str, str]] = field(default_factory=set)
    reader: str | None = None
    errands: list["Away"] = field(default_factory=list)


@dataclass(eq=False)
class Away:
    """A browser is at MitID, or back with an answer."""

    tab: Tab
    page: str
    errand: Any
    person: str | None = None
    url: str | None = None
    taken: bool = False


@dataclass(frozen=True)
class Stage:
    """What the machine plays on."""

    app: Inside
    people: People
    secrets: Secrets
    journeys: Journeys
    mitid: MitId
    done: list[str]
    """Every secret that was set, over all plays: a machine that never sets one proves nothing."""

    def read(self, sql: str, *arguments: object) -> list[tuple[object, ...]]:
        """Read rows."""
        return run(self._read(sql, *arguments))

    async def _read(self, sql: str, *arguments: object) -> list[tuple[object, ...]]:
        async with acquire(self.app.house.pool) as connection:
            return [tuple(row.values()) for row in await connection.fetch(sql, *arguments)]

    async def type_in(self, journey_id: JourneyId, username: Username) -> None:
        """Choose Unilogin in a journey and type a name."""
        async with acquire(self.app.house.pool) as connection:
            await choose_method(connection, journey_id, method=Method.UNILOGIN)
            await name_somebody(connection, journey_id, username=username, device=Device.SHARED)


_TAB = st.sampled_from(range(TABS))
_SELDOM = st.sampled_from((False, False, False, False, True))


class Recovering(RuleBasedStateMachine):
    """Two browsers, the first with two journeys, each with a name typed to begin with."""

    stage: Stage

    @initialize()
    def begin(self) -> None:
        """New people each time: what was guessed and set before is not in the way."""
        people = self.stage.people
        self.who: dict[str, Somebody] = {
            "pupil": people.pupil(level="8", secret="solskin over klitten 7"),
            "child": people.pupil(level="2", secret=["sol", "hus", "bil", "is"]),
            "parent": people.teacher(secret=None),
            "stranger": people.teacher(secret=None),
        }
        self.families, self.windows = Families(people), Windows(people.dsn)
        self.families.custody(self.who["parent"], self.who["child"])
        self.custody = True
        self.index = {name: self.stage.mitid.known(somebody) for name, somebody in self.who.items()}
        self.tokens = [new_token(), new_token()]
        self.browsers: list[Visitor] = []
        for token in self.tokens:
            visitor = self.stage.app.visitor()
            visitor.client.cookies.set("unilogin_browser", token)
            visitor.open("/hjaelp")
            self.browsers.append(visitor)
        self.hashes = self.read_hashes()
        self.tabs = [self.open_tab(0, "pupil"), self.open_tab(1, "child"), self.open_tab(0, "child")]

    def open_tab(self, browser: int, name: str) -> Tab:
        """Begin a journey in a browser, with Unilogin chosen and a name typed."""
        journey_id = self.stage.journeys.begin(self.tokens[browser]).split("/")[2]
        run(self.stage.type_in(JourneyId(UUID(journey_id)), Username(self.who[name].username)))
        return Tab(browser, journey_id, named=name)

    def read_hashes(self) -> dict[str, object]:
        """The hash of everybody's secret."""
        rows = self.stage.read(
            "select username, hash from directory_account left join credentials_password using (account_id)"
            " where username = any($1::text[])",
            [somebody.username for somebody in self.who.values()],
        )
        names = {somebody.username: name for name, somebody in self.who.items()}
        return {names[str(username)]: stored for username, stored in rows}

    def settle(self, tab: Tab | None, *, posted: bool, browser: int | None = None) -> None:
        """After each request: what was set was set by who had proved that, here, in this browser."""
        for visitor in self.browsers:
            assert visitor.page.status_code < 500, visitor.path
        after = self.read_hashes()
        for name in WHO:
            if after[name] == self.hashes[name]:
                continue
            self.stage.done.append(name)
            assert posted, "a page was opened, and a secret was set"
            assert tab is not None
            assert browser in (None, tab.browser), "another browser set a secret in this journey"
            assert tab.named == name, "a secret was set for another name than the typed one"
            proofs = {by for whose, by in tab.may if whose == name}
            assert proofs, "a secret was set that nobody had proved anything for"
            assert proofs != {"parent"} or self.custody, "a parent without custody set a secret"
        self.hashes = after

    # what people do ------------------------------------------------------------------------------------------------

    @rule(number=_TAB, name=st.sampled_from((*NAMES, *NAMES, *WHO, "nobody")), on=st.booleans())
    def type_name(self, number: int, name: str, *, on: bool) -> None:
        self.name_in(self.tabs[number], name)
        if on:
            self.go_on(number=number)

    def name_in(self, tab: Tab, name: str) -> None:
        typed = self.who[name].username if name in self.who else "nobo1234"
        self.post(tab, "username", {"username": typed}, browser=tab.browser)
        if self.browsers[tab.browser].path.endswith(("/secret", "/window")):
            if tab.named != name:
                tab.may.clear()
            tab.named = name

    @rule(number=_TAB, page=st.sampled_from(PAGES), stolen=_SELDOM)
    def open_page(self, number: int, page: str, *, stolen: bool) -> None:
        tab = self.tabs[number]
        self.browsers[1 - tab.browser if stolen else tab.browser].open(f"/login/{tab.journey}/{page}")
        self.settle(tab, posted=False)

    @rule(number=_TAB, page=st.sampled_from(FORMS), stolen=_SELDOM, name=st.sampled_from((*NAMES, *WHO)))
    def post_form(self, number: int, page: str, name: str, *, stolen: bool) -> None:
        """Mostly from the right browser; the token is the one that browser would have for that journey."""
        tab = self.tabs[number]
        by = 1 - tab.browser if stolen else tab.browser
        fields = {"new-password": NEW, "password": "solskin over klitten 7", "new": self.who[name].username}
        if by == tab.browser:
            self.expect(tab, page, name)
        self.post(tab, page, fields, browser=by)

    @rule(number=_TAB)
    def go_on(self, number: int) -> None:
        """Do what somebody does who has leave: be given a secret or choose one, and sign in."""
        self.post_form(number=number, page="new-password", name="pupil", stolen=False)
        self.post_form(number=number, page="new-password/own", name="pupil", stolen=False)
        tab = self.tabs[number]
        visitor = self.browsers[tab.browser]
        visitor.open(f"/login/{tab.journey}/new-password")
        pictures = shown_pictures(visitor)
        self.post(tab, "new-password/practise", {"pictures": ",".join(pictures)}, browser=tab.browser)

    @rule(number=_TAB, page=st.sampled_from(ERRANDS))
    def leave_for_mitid(self, number: int, page: str) -> None:
        tab = self.tabs[number]
        visitor = self.browsers[tab.browser]
        self.post(tab, page, {"provider": ALIAS}, browser=tab.browser)
        if visitor.moves_on and "/broker/" in visitor.page.text:
            tab.errands.append(Away(tab, page, self.stage.mitid.errand(visitor)))

    @rule(number=_TAB, person=st.sampled_from((*WHO, None)))
    def approve(self, number: int, person: str | None) -> None:
        waiting = [away for away in self.tabs[number].errands if away.url is None]
        if waiting:
            answer = self.stage.mitid.identity(self.index[person]) if person else Failure.CANCELLED
            waiting[-1].person, waiting[-1].url = person, self.stage.mitid.answered(waiting[-1].errand, answer)

    @rule(number=_TAB, into=_TAB, browser=st.integers(0, 1), page=st.sampled_from(ERRANDS), on=st.booleans())
    def come_back(self, number: int, into: int, browser: int, page: str, *, on: bool) -> None:
        """Where one should, or into another journey, in another browser, at another page."""
        back = [away for away in self.tabs[number].errands if away.url]
        if not back:
            return
        away, tab = back[-1], self.tabs[into]
        if tab is away.tab and page == away.page and browser == tab.browser and not away.taken:
            self.came_back(away)
        self.browsers[browser].open(f"/login/{tab.journey}/{page}/back?errand={away.errand}")
        self.settle(tab, posted=False)
        if on:
            self.go_on(number=into)

    @rule(
        number=_TAB,
        page=st.sampled_from(ERRANDS),
        person=st.sampled_from((*WHO, None, None, None, None)),
        astray=st.sampled_from((None, None, *ERRANDS, *range(TABS))),
        custody=st.tuples(st.booleans(), st.booleans()),
    )
    def prove_with_mitid(
        self, number: int, page: str, person: str | None, astray: str | int | None, custody: tuple[bool, bool]
    ) -> None:
        """All of it at once: the right person half of the time, back to the right page and journey half of the time.

        Custody may change while the browser is away, and again before the proof is used.
        """
        tab = self.tabs[number]
        if person is None:
            person = "parent" if page == "password/parent" or tab.named not in self.who else tab.named
        self.leave_for_mitid(number=number, page=page)
        self.approve(number=number, person=person)
        self.change_custody(custody=custody[0])
        into = astray if isinstance(astray, int) else number
        at = astray if isinstance(astray, str) else page
        self.come_back(number=number, into=into, browser=self.tabs[into].browser, page=at, on=False)
        self.change_custody(custody=custody[1])
        self.go_on(number=into)

    @rule(name=st.sampled_from(NAMES), parent=st.booleans())
    def open_window(self, name: str, *, parent: bool) -> None:
        if parent and name == "child" and self.custody:
            self.windows.open(self.who["parent"], self.who["child"], kind=WindowKind.PARENT)
        elif not parent:
            self.windows.open(self.who["stranger"], self.who[name])

    @rule(number=_TAB)
    def claim_a_window(self, number: int) -> None:
        """All of it at once, as it should be."""
        name = self.tabs[number].named
        if name in NAMES:
            self.open_window(name=name, parent=False)
            self.post_form(number=number, page="window", name=name, stolen=False)

    @rule(custody=st.booleans())
    def change_custody(self, *, custody: bool) -> None:
        self.families.custody(self.who["parent"], self.who["child"], custody=custody)
        self.custody = custody

    # what the model believes: never less than is true ----------------------------------------------------------------

    def came_back(self, away: Away) -> None:
        tab, person = away.tab, away.person
        away.taken = True
        if person is None:
            return
        if away.page == "names":
            tab.reader = person
        elif away.page == "password/mitid" and person == tab.named:
            tab.may.add((person, "own"))
        elif away.page == "password/parent" and person == "parent" and tab.named == "child" and self.custody:
            tab.may.add(("child", "parent"))

    def expect(self, tab: Tab, page: str, name: str) -> None:
        """What a form from the right browser may prove."""
        if page == "names/found" and tab.reader is not None:
            if name == tab.reader or (tab.reader == "parent" and name == "child" and self.custody):
                tab.may = {(name, "own" if name == tab.reader else "parent")}
                tab.named = name
        elif page == "window" and tab.named in self.who and self.is_open(tab.named):
            tab.may.add((tab.named, "window"))
        elif page == "password/change" and tab.named == "pupil":
            tab.may.add(("pupil", "password"))

    def is_open(self, name: str) -> bool:
        return bool(
            self.stage.read(
                "select true from credentials_window where account_id = $1 and claimed_at is null",
                self.who[name].account_id,
            )
        )

    def post(self, tab: Tab, page: str, fields: dict[str, str], *, browser: int) -> None:
        csrf = csrf_token(self.stage.app.house, self.tokens[browser], about=tab.journey)
        self.browsers[browser].post(f"/login/{tab.journey}/{page}", fields | {"csrf": csrf})
        self.settle(tab, posted=True, browser=browser)
        visitor = self.browsers[browser]
        if visitor.moves_on and "/broker/" not in visitor.page.text:  # signed in: the next journey begins
            name = tab.named if tab.named in NAMES else "pupil"
            self.tabs[self.tabs.index(tab)] = self.open_tab(tab.browser, name)

    @invariant()
    def nobody_else_is_signed_in(self) -> None:
        """A parent or a stranger who helped is never signed in by that."""
        if not hasattr(self, "who"):
            return
        rows = self.stage.read(
            "select 1 from sessions_session where account_id = $1 and method <> 'mitid'",
            self.who["parent"].account_id,
        )
        assert not rows


def play(dsn: str, secrets: Secrets, *, plays: int, same: bool) -> list[str]:
    """Play so often, each time the same or not; return whose secrets were set."""
    done: list[str] = []
    with inside(dsn, secrets) as app:
        people, journeys, mitid = People(dsn, secrets), Journeys.to_some_service(dsn), MitId.of(dsn, secrets)

        class Playing(Recovering):
            stage = Stage(app, people, secrets, journeys, mitid, done)

        run_state_machine_as_test(
            Playing,
            settings=settings(
                max_examples=plays,
                stateful_step_count=40,
                deadline=None,
                derandomize=same,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    return done


@pytest.mark.timeout(600)
def test_v_39_v_40_no_order_of_requests_sets_a_secret_without_leave(database: str, secrets: Secrets) -> None:
    assert len(play(database, secrets, plays=10, same=True)) > 5, "a machine that sets none proves nothing"


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_v_39_v_40_nor_does_any_of_many_more_orders(database: str, secrets: Secrets) -> None:
    assert len(play(database, secrets, plays=600, same=False)) > 400
