"""A pupil and the window that was opened for them, as one line of the class page. Pure."""

from dataclasses import dataclass

from unilogin.apps.elevadgang.model import Pupil
from unilogin.domain.credentials.windows import Window
from unilogin.kit.web.look.pictograms import PICTOGRAMS, Pictogram


@dataclass(frozen=True, slots=True)
class Act:
    """Something that can be done for a pupil: the code of its name, where its button posts to, and the name's rest.

    The rest is only read aloud where a line is narrow.
    """

    code: str
    path: str
    rest: str | None = None


GIVE = Act("elevadgang.act.give", "", "elevadgang.act.give_rest")
CANCEL = Act("elevadgang.act.cancel", "annuller")
UNDO = Act("elevadgang.act.undo", "fortryd", "elevadgang.act.undo_rest")
FOR_FUN = Act("elevadgang.act.fun", "for-sjov")
USERNAME = Act("elevadgang.act.username", "brugernavn")


def shown_code(code: str | None) -> tuple[Pictogram, str] | None:
    """Return a check code as it is shown: a picture, and two digits."""
    if code is None:
        return None
    picture, digits = code.split(" ")
    return next(one for one in PICTOGRAMS if one.id == picture), digits


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
        if not self.pupil.in_care:
            return "calm"
        if self.pupil.blocked:
            return "blocked"
        if self.window is not None:
            return self.window.state.value.replace(" ", "_")
        if self.pupil.has is None:
            return "new"
        return "shut_out" if self.pupil.shut_out else "calm"

    @property
    def check(self) -> tuple[Pictogram, str] | None:
        """The picture and the digits that the pupil must give, as long as it is open; None where none are asked."""
        return shown_code(self.window.check_code) if self.window else None

    @property
    def may_be_helped(self) -> bool:
        """Whether anything can be done for the pupil here."""
        return self.pupil.reachable and not self.pupil.blocked

    @property
    def acts(self) -> tuple[Act, ...]:
        """What can be done, the likeliest first: that one is always in sight."""
        if not self.may_be_helped:
            return ()
        if self.state == "open":
            return CANCEL, USERNAME
        first = (UNDO,) if self.may_undo else (FOR_FUN,) if self.state == "shut_out" else ()
        return *first, GIVE, USERNAME
