"""Refusals that end a request with a page or a status of our own."""

from unilogin.kit.errors import UniloginError


class RefusedError(UniloginError):
    """The request is refused: the status, and what the page about it shows.

    ``message`` is the code of four sentences (``<message>.title``, ``.meaning``, ``.todo``, ``.ask``); ``incident`` is
    what a developer can ask about; ``service`` and ``restart_url`` where the person can begin again.
    """

    code = "refused"

    def __init__(
        self,
        status: int,
        message: str,
        *,
        incident: str | None = None,
        service: str | None = None,
        restart_url: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.incident = incident
        self.service = service
        self.restart_url = restart_url


class ElsewhereError(RefusedError):
    """The browser has to go somewhere else first: it is sent there, and no page is shown."""

    code = "elsewhere"

    def __init__(self, url: str) -> None:
        super().__init__(303, "look.stopped.not_found")
        self.url = url


class FormRefusedError(RefusedError):
    """A form or body cannot be read: too large, of another type, malformed."""

    code = "form_refused"
