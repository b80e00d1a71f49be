"""A pupil and the window that was opened for them, as one line of the class page."""

from dataclasses import dataclass

from unilogin.apps.elevadgang.model import Pupil
from unilogin.domain.credentials.windows import Window


@dataclass(frozen=True, slots=True)
class Row:
    """A pupil and how it goes with the new password, if a window was opened lately."""

    pupil: Pupil
    window: Window | None
    claimed_on: tuple[str | None, str | None]
    may_undo: bool

    @property
    def state(self) -> str:
        """The state as a word: what stands in the way first."""
        if self.pupil.blocked:
            return "blocked"
        if self.window is not None:
            return self.window.state.value.replace(" ", "_")
        if self.pupil.has is None:
            return "new"
        return "shut_out" if self.pupil.shut_out else "calm"
