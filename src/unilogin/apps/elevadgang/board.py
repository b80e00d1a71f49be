"""The live board ("Min time"): what is known of a pupil now, the one thing a card says, and what helps. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from unilogin.domain.credentials.windows import WindowState
from unilogin.domain.directory.model import AccountId
from unilogin.signin.happenings import Happened, Step


class State(StrEnum):
    """What a card says; in the order in which pupils need help."""

    ASKS = "asks"  # waits for a grown-up's word
    SHUT_OUT = "shut_out"
    WRONG = "wrong"
    ELSEWHERE = "elsewhere"
    CLOSED = "closed"  # by wrong check codes
    RUN_OUT = "run_out"
    OPEN = "open"
    ABSENT = "absent"
    UNDONE = "undone"
    TYPING = "typing"
    RECEIVED = "received"
    SIGNED_IN = "signed_in"
    BLOCKED = "blocked"

    @property
    def rank(self) -> int:
        """Its place in the order."""
        return list(State).index(self)

    @property
    def needs_help(self) -> bool:
        """Whether somebody should go there."""
        return self.rank <= State.RUN_OUT.rank


class Tap(StrEnum):
    """What one tap on a card does."""

    YES = "yes"
    NO = "no"
    FUN = "fun"
    GIVE = "give"
    CANCEL = "cancel"
    UNDO = "undo"
    USERNAME = "username"


@dataclass(frozen=True, slots=True)
class Opened:
    """The newest window of a teacher in this lesson; ``moment`` is when it became what it is.

    ``check_code``: what the pupil must read off this screen, where the school has decided so.
    """

    state: WindowState
    opened_at: datetime
    expires_at: datetime
    moment: datetime
    tries: int
    may_undo: bool
    check_code: str | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """A pupil at a service that needs a grown-up's word."""

    request_id: UUID
    service: str
    service_en: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A pupil at one moment."""

    account_id: AccountId
    blocked: bool
    shut_out: bool
    happened: Happened | None
    window: Opened | None
    asking: Asking | None
    called: str = ""  # as others may see it, now

    @property
    def is_open(self) -> bool:
        """Whether a window waits for the pupil."""
        return self.window is not None and self.window.state is WindowState.OPEN

    @property
    def came(self) -> bool:
        """Whether the pupil has typed the username since the window was opened."""
        happened, window = self.happened, self.window
        return happened is not None and window is not None and happened.at >= window.opened_at


_STEPS = {
    Step.NAMED: State.TYPING,
    Step.WRONG: State.WRONG,
    Step.ELSEWHERE: State.ELSEWHERE,
    Step.SIGNED_IN: State.SIGNED_IN,
}
_WINDOWS = {
    WindowState.CLAIMED: State.RECEIVED,
    WindowState.RUN_OUT: State.RUN_OUT,
    WindowState.UNDONE: State.UNDONE,
}
_LASTING = {WindowState.OPEN: State.OPEN, WindowState.CLOSED: State.CLOSED}


def state_of(seen: Seen) -> State:
    """Decide what the card says: what stands in the way first, else what happened last."""
    if seen.blocked:
        return State.BLOCKED
    if seen.asking is not None:
        return State.ASKS
    happened, window = seen.happened, seen.window
    stepped = _STEPS[happened.step] if happened else State.ABSENT
    if window is None:
        return _unless_shut_out(seen, stepped)
    later = happened is not None and happened.at >= window.moment
    if stepped is State.SIGNED_IN and later:
        return State.SIGNED_IN
    if window.state in _LASTING:
        return _LASTING[window.state]
    return _unless_shut_out(seen, stepped if later else _WINDOWS.get(window.state, stepped))


def _unless_shut_out(seen: Seen, state: State) -> State:
    return State.SHUT_OUT if seen.shut_out and state is not State.SIGNED_IN else state


_TAPS = {
    State.ASKS: (Tap.YES, Tap.NO),
    State.SHUT_OUT: (Tap.FUN, Tap.GIVE),
    State.RUN_OUT: (Tap.GIVE, Tap.USERNAME),
    State.OPEN: (Tap.CANCEL, Tap.USERNAME),
    State.ABSENT: (Tap.GIVE, Tap.USERNAME),
    State.BLOCKED: (),
}


def taps_of(seen: Seen, state: State) -> tuple[Tap, ...]:
    """Return the help that fits, the likeliest first; never more than two."""
    if state in (State.RECEIVED, State.SIGNED_IN):
        if seen.window is not None and seen.window.may_undo:
            return (Tap.UNDO,)
        return (Tap.CANCEL,) if seen.is_open else (Tap.GIVE,) if state is State.RECEIVED else ()
    return _TAPS.get(state, (Tap.GIVE,))
