"""What cannot be registered of a sender."""

from unilogin.kit.errors import UniloginError


class SenderError(UniloginError):
    """A sender cannot be registered or changed so; the sentence is for the operator."""

    code = "sender"
