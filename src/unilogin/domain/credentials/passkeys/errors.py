"""Why an answer of an authenticator is not taken. The page says one thing for all of them; the audit row says which."""

from enum import StrEnum

from unilogin.kit.errors import UniloginError


class Why(StrEnum):
    """The word for the audit row."""

    MALFORMED = "malformed"  # no answer of an authenticator at all
    QUESTION = "question"  # never asked, asked of another browser, answered already, or too long ago
    UNKNOWN = "unknown"  # no such passkey, or no longer
    OWNER = "owner"  # the authenticator says it is somebody else's
    ANSWER = "answer"  # origin, host, unlocking, algorithm or signature are not right
    COUNTER = "counter"  # counts backwards: a copy of the authenticator may be about
    NOT_ADMITTED = "not admitted"  # right, but this person may not come in this way now


class PasskeyRefusedError(UniloginError):
    """An answer of an authenticator is not taken."""

    code = "passkey_refused"

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why
