"""The cards of a board as they are shown: what is said and what can be tapped, in the reader's language."""

from collections.abc import Iterable
from dataclasses import dataclass

from unilogin.apps.elevadgang.board import Seen, State, Tap, state_of, taps_of
from unilogin.apps.elevadgang.rows import shown_code
from unilogin.apps.shell.moments import said_clock
from unilogin.kit.text import Language, Texts


@dataclass(frozen=True, slots=True)
class Card:
    """What one card shows. ``until``: when a window closes, in seconds since 1970; ``request``: what a yes is for."""

    id: str
    state: State
    word: str
    note: str
    until: int | None
    taps: tuple[Tap, ...]
    request: str

    def as_json(self) -> dict[str, object]:
        """Return it for the page's script."""
        return {
            "id": self.id,
            "state": self.state.value,
            "rank": self.state.rank,
            "word": self.word,
            "note": self.note,
            "until": self.until,
            "taps": [tap.value for tap in self.taps],
            "request": self.request,
        }


def card_of(texts: Texts, language: Language, seen: Seen) -> Card:
    """Return the card of a pupil."""
    state = state_of(seen)
    return Card(
        str(seen.account_id),
        state,
        texts(language, f"board.state.{state.value}"),
        _note(texts, language, seen, state),
        int(seen.window.expires_at.timestamp()) if seen.window and seen.is_open else None,
        taps_of(seen, state),
        str(seen.asking.request_id) if seen.asking else "",
    )


def _note(texts: Texts, language: Language, seen: Seen, state: State) -> str:
    happened, window = seen.happened, seen.window
    match state:
        case State.ASKS if seen.asking is not None:
            service = (seen.asking.service_en if language == "en" else None) or seen.asking.service
            return texts(language, "board.note.asks", service=service)
        case State.SIGNED_IN if happened is not None:
            still = texts(language, "board.note.still_open") if seen.is_open else ""
            service = (happened.service_en if language == "en" else None) or happened.service or ""
            return " · ".join(part for part in (service, still) if part)
        case State.OPEN if window is not None:
            code = "board.note.came" if seen.came else "board.note.open"
            said = texts(language, code, clock=said_clock(language, window.expires_at))
            shown = shown_code(window.check_code)
            if shown is None:
                return said
            return texts(language, "board.note.code", picture=shown[0].word(language), digits=shown[1], said=said)
        case State.RECEIVED if window is not None and window.tries:
            return texts(language, "board.note.tries")
        case State.WRONG | State.TYPING if happened is not None and happened.wrong:
            return texts(language, "board.note.wrong", count=happened.wrong)
        case State.SHUT_OUT | State.CLOSED | State.ELSEWHERE | State.RUN_OUT | State.UNDONE:
            return texts(language, f"board.note.{state.value}")
    return ""


def summary_of(texts: Texts, language: Language, cards: Iterable[Card]) -> str:
    """Return how the class is doing, in a line."""
    states = [card.state for card in cards]
    counts = {
        "in": states.count(State.SIGNED_IN),
        "help": sum(state.needs_help for state in states),
        "absent": states.count(State.ABSENT),
    }
    said = [texts(language, f"board.summary.{name}", count=counts[name]) for name in counts if counts[name]]
    return " · ".join(said)
