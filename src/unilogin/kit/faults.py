"""Named places where a test breaks the server on purpose: between two steps that must hold together.

Nothing happens here unless a hook is installed, and only the tests' own application factory installs one: no setting
and no environment variable reaches it, and a test proves that nothing under ``src`` calls ``install``. Why the points
stay in the code that serves: docs/adr/0005-fault-injection.md.
"""

from collections.abc import Awaitable, Callable
from typing import Final

Hook = Callable[[str], Awaitable[None]]
"""Is told the name of a point each time it is passed: may wait, raise, or end the process."""

POINTS: Final = (
    "signin.secret.proved",  # the secret fits; nothing is written yet
    "signin.session.opened",  # session, journey and audit row are written, not committed
    "signin.session.committed",  # committed; the browser has no cookie yet
    "oidc.code.issued",  # the code is committed; the service does not know it yet
    "oidc.code.found",  # the code is good; it is not claimed yet
    "oidc.code.redeemed",  # the tokens are committed; the service does not have them yet
    "oidc.refresh.used",  # the old refresh token is used up, the new ones are committed, nobody has them yet
    "oidc.session.ended",  # signed out, committed; the browser does not know it yet
    "notices.letter.taken",  # the mail server has the letter; nothing says so yet
    "keys.key.rotated",  # the next key is written and its predecessor retires, not committed
    "recovery.window.claimed",  # a window is claimed and the pupil's new secret written, not committed
    "recovery.window.committed",  # committed; the pupil's browser does not know it yet
    "recovery.secret.set",  # a new secret, the end of its leave and the session are written, not committed
    "recovery.secret.committed",  # committed; the browser has no cookie yet
)
"""Every point there is, with what is true there."""

_hook: Hook | None = None


async def fault_point(name: str) -> None:
    """Pass a point: one look at a global, unless a test listens."""
    if _hook is not None:
        await _hook(name)


def install(hook: Hook) -> None:
    """Listen at every point of this process; for application factories of tests alone."""
    global _hook  # noqa: PLW0603 - one process, one hook: an argument would have to travel through every action
    _hook = hook
