"""The root of every error of ours: a stable code for machines, a sentence for the log, never a secret."""

from typing import ClassVar


class UniloginError(Exception):
    """A rule is broken. ``code`` is stable and may be shown; ``str(error)`` is for operators only."""

    code: ClassVar[str] = "error"


class SetupError(UniloginError):
    """The installation cannot start. The sentence says what to do; the command line prints it and exits with 2."""

    code = "setup"
