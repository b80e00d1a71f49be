"""Refusals that end a request with a page or a status of our own."""

from unilogin.kit.errors import UniloginError


class RefusedError(UniloginError):
    """The request is refused: ``status`` and the code of the page's sentences (``<message>.title``, ``.help``)."""

    code = "refused"

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class FormRefusedError(RefusedError):
    """A form or body cannot be read: too large, of another type, malformed."""

    code = "form_refused"
