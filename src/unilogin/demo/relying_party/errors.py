"""What can go wrong between Regneriget and Unilogin, each with the sentence the visitor gets."""


class SignInError(Exception):
    """Nobody was signed in; `reason` is the code of the text in `texts.py`."""

    reason = "refused"
    status = 400

    def __init__(self, code: str = "", description: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.description = description


class RefusedError(SignInError):
    """Unilogin answered with an error of its own (RFC 6749 §4.1.2.1, §5.2)."""


class ForgottenError(SignInError):
    """An answer to a question this browser did not ask, or asked too long ago."""

    reason = "forgotten"


class UnreachableError(SignInError):
    """Unilogin did not answer, or not with what it must answer."""

    reason = "unreachable"
    status = 502


class UntrustedError(SignInError):
    """The answer did not pass the checks of OpenID Connect."""

    reason = "untrusted"
    status = 502
