"""RW-4, F-03: a node dies, or fails, while a pupil claims a window or a new secret is set: fully old or fully new."""

import contextlib
from collections.abc import Callable

import httpx
import pytest

from tests.builders.journeys import Journeys
from tests.builders.people import People, Somebody
from tests.faults.ground import Ground
from tests.faults.history import Outcome, Proof
from tests.faults.orders import Act, Order
from tests.recovery.inside_windows import Windows
from tests.recovery.steps import follow, shown_words, signs_in
from tests.visitor import Visitor
from unilogin.domain.credentials.windows import WindowState
from unilogin.kit.ids import new_token
from unilogin.signin.model import Method

OLD = "solskin over klitten 7"
NEW = "grønne gulerødder ler 4"
At = Callable[[Somebody], Visitor]


@pytest.fixture
def at(ground: Ground) -> At:
    """A function that opens a new browser, in which somebody's name was typed, before the balancer."""
    journeys = Journeys.to_some_service(ground.cluster.dsn)

    def begin(somebody: Somebody) -> Visitor:
        visitor = Visitor(ground.base_url)
        token = new_token()
        visitor.client.cookies.set("unilogin_browser", token)
        visitor.open(journeys.begin(token))
        visitor.submit(button=("selectedIdp", Method.UNILOGIN.value))
        visitor.submit({"username": somebody.username})
        return visitor

    return begin


def press(visitor: Visitor, fields: dict[str, str] | None = None) -> None:
    """Press the button while something breaks: perhaps nothing answers."""
    with contextlib.suppress(httpx.TransportError):
        visitor.submit(fields)


def proves(ground: Ground, visitor: Visitor, pupil: Somebody, secret: str) -> bool:
    """From the page of the secret: whether this one signs in; written down in the history."""
    right = signs_in(visitor, secret)
    note(ground, pupil, secret, right=right)
    return right


def note(ground: Ground, pupil: Somebody, secret: str, *, right: bool = True) -> None:
    """Write down that a session may have been opened with a secret."""
    ground.history.proofs.append(Proof(pupil.username, secret, right, Outcome.UNKNOWN, None))


@pytest.mark.parametrize("act", ["crash", "raise"])
@pytest.mark.parametrize("point", ["recovery.window.claimed", "recovery.window.committed"])
def test_rw_4_a_node_dies_while_a_window_is_claimed(ground: Ground, at: At, point: str, act: Act) -> None:
    people, windows = People(ground.cluster.dsn, ground.secrets), Windows(ground.cluster.dsn)
    pupil, teacher = people.pupil(level="8", secret=OLD), people.teacher()
    windows.open(teacher, pupil)
    visitor = at(pupil)
    url, fields = visitor.path, dict(visitor.document.forms[0].form_values())
    ground.orders.give(Order(point, act))
    press(visitor)
    assert [order.point for order in ground.orders.obeyed()] == [point]
    ground.mend()
    state = windows.latest(teacher, pupil)[pupil.username].state
    committed = point.endswith("committed")
    assert state is (WindowState.CLAIMED if committed else WindowState.OPEN)
    other = at(pupil)
    if not committed:
        follow(other, "Jeg kan godt huske min gamle adgangskode")
    assert proves(ground, other, pupil, OLD) is not committed
    visitor.post(url, fields)  # "send the form again?" - yes
    given = shown_words(visitor)
    assert given
    visitor.submit()
    note(ground, pupil, given)
    assert visitor.moves_on
    assert proves(ground, at(pupil), pupil, given)
    assert not proves(ground, at(pupil), pupil, OLD)


@pytest.mark.parametrize("act", ["crash", "raise"])
@pytest.mark.parametrize("point", ["recovery.secret.set", "recovery.secret.committed"])
def test_f_03_a_node_dies_while_a_new_password_is_set(ground: Ground, at: At, point: str, act: Act) -> None:
    people = People(ground.cluster.dsn, ground.secrets)
    pupil = people.pupil(level="8", secret=OLD)
    visitor = at(pupil)
    follow(visitor, "Få en ny adgangskode")
    follow(visitor, "Skift adgangskode")
    visitor.submit({"password": OLD})
    url = visitor.document.forms[0].action
    fields = dict(visitor.document.forms[0].form_values()) | {"new-password": NEW, "again": NEW}
    ground.orders.give(Order(point, act))
    with contextlib.suppress(httpx.TransportError):
        visitor.post(str(url), fields)
    assert [order.point for order in ground.orders.obeyed()] == [point]
    ground.mend()
    committed = point.endswith("committed")
    assert proves(ground, at(pupil), pupil, OLD) is not committed
    visitor.post(str(url), fields)
    note(ground, pupil, NEW)
    assert visitor.moves_on
    assert proves(ground, at(pupil), pupil, NEW)
    assert not proves(ground, at(pupil), pupil, OLD)
