"""What cannot be registered of a sender, and where it may not deliver."""

from unilogin.kit.errors import UniloginError


class SenderError(UniloginError):
    """A sender cannot be registered or changed so; the sentence is for the operator."""

    code = "sender"


class NotAgreedError(UniloginError):
    """A file for an institution that its sender has no agreement with, or not the one it was said to be for."""

    code = "not_agreed"

    def __init__(self, number: str) -> None:
        super().__init__("no agreement with the institution that the file is for")
        self.number = number
