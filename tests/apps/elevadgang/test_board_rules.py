"""What a card says and offers, for everything that can be known of a pupil."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from unilogin.apps.elevadgang.board import Asking, Opened, Seen, State, Tap, state_of, taps_of
from unilogin.domain.credentials.windows import WindowState
from unilogin.domain.directory.model import AccountId
from unilogin.signin.happenings import Happened, Step

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
SOMEBODY = AccountId(uuid4())
ASKING = Asking(uuid4(), "Regneriget", "The Realm of Sums")


def seen(
    step: Step | None = None,
    minute: int = 0,
    *,
    window: Opened | None = None,
    asking: Asking | None = None,
    blocked: bool = False,
    shut_out: bool = False,
) -> Seen:
    happened = Happened(step, NOON + timedelta(minutes=minute), 1, "Regneriget", None) if step else None
    return Seen(SOMEBODY, blocked, shut_out, happened, window, asking)


def opened(state: WindowState, moment: int, *, may_undo: bool = False) -> Opened:
    """A window that was opened at noon and became what it is some minutes later."""
    return Opened(state, NOON, NOON + timedelta(minutes=5), NOON + timedelta(minutes=moment), 0, may_undo)


OPEN = opened(WindowState.OPEN, 0)
CLAIMED = opened(WindowState.CLAIMED, 2, may_undo=True)
LONG_CLAIMED = opened(WindowState.CLAIMED, 2)
RUN_OUT = opened(WindowState.RUN_OUT, 5)
CLOSED = opened(WindowState.CLOSED, 0)

CASES = [
    (seen(), State.ABSENT, (Tap.GIVE, Tap.USERNAME)),
    (seen(Step.NAMED), State.TYPING, (Tap.GIVE,)),
    (seen(Step.WRONG), State.WRONG, (Tap.GIVE,)),
    (seen(Step.ELSEWHERE), State.ELSEWHERE, (Tap.GIVE,)),
    (seen(Step.SIGNED_IN), State.SIGNED_IN, ()),
    (seen(Step.WRONG, shut_out=True), State.SHUT_OUT, (Tap.FUN, Tap.GIVE)),
    (seen(Step.SIGNED_IN, shut_out=True), State.SIGNED_IN, ()),
    (seen(Step.SIGNED_IN, asking=ASKING), State.ASKS, (Tap.YES, Tap.NO)),
    (seen(Step.SIGNED_IN, asking=ASKING, blocked=True), State.BLOCKED, ()),
    # a window, and what happened before it or since
    (seen(Step.WRONG, -1, window=OPEN), State.OPEN, (Tap.CANCEL, Tap.USERNAME)),
    (seen(Step.NAMED, 1, window=OPEN), State.OPEN, (Tap.CANCEL, Tap.USERNAME)),
    (seen(Step.WRONG, -1, window=OPEN, shut_out=True), State.OPEN, (Tap.CANCEL, Tap.USERNAME)),
    (seen(Step.SIGNED_IN, 1, window=OPEN), State.SIGNED_IN, (Tap.CANCEL,)),
    (seen(Step.SIGNED_IN, -1, window=OPEN), State.OPEN, (Tap.CANCEL, Tap.USERNAME)),
    (seen(Step.NAMED, 1, window=CLAIMED), State.RECEIVED, (Tap.UNDO,)),
    (seen(Step.SIGNED_IN, 3, window=CLAIMED), State.SIGNED_IN, (Tap.UNDO,)),
    (seen(Step.NAMED, 1, window=LONG_CLAIMED), State.RECEIVED, (Tap.GIVE,)),
    (seen(Step.WRONG, 4, window=LONG_CLAIMED), State.WRONG, (Tap.GIVE,)),
    (seen(Step.NAMED, 1, window=CLOSED), State.CLOSED, (Tap.GIVE,)),
    (seen(Step.SIGNED_IN, 2, window=CLOSED), State.SIGNED_IN, ()),
    (seen(window=RUN_OUT), State.RUN_OUT, (Tap.GIVE, Tap.USERNAME)),
    (seen(Step.NAMED, 6, window=RUN_OUT), State.TYPING, (Tap.GIVE,)),
    (seen(window=RUN_OUT, shut_out=True), State.SHUT_OUT, (Tap.FUN, Tap.GIVE)),
    (seen(window=opened(WindowState.UNDONE, 3)), State.UNDONE, (Tap.GIVE,)),
    (seen(window=opened(WindowState.CANCELLED, 1)), State.ABSENT, (Tap.GIVE, Tap.USERNAME)),
    (seen(Step.WRONG, -1, window=opened(WindowState.CANCELLED, 1)), State.WRONG, (Tap.GIVE,)),
]


@pytest.mark.parametrize(("known", "state", "taps"), CASES)
def test_a_card_says_one_thing_and_offers_what_helps(known: Seen, state: State, taps: tuple[Tap, ...]) -> None:
    assert state_of(known) is state
    assert taps_of(known, state) == taps


def test_who_needs_help_comes_first_and_who_cannot_be_helped_here_last() -> None:
    order = sorted(State, key=lambda state: state.rank)
    assert [state for state in order if state.needs_help] == order[:6]
    assert order[-1] is State.BLOCKED
