"""What can be wrong with signing keys."""

from unilogin.kit.errors import UniloginError


class UnknownKeyError(UniloginError):
    """A key is named that is not in use."""

    code = "unknown_key"
