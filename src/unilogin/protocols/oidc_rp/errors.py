"""Why an answer of a provider is not believed, or does not come. Sentences are for operators; none holds a value."""

from typing import ClassVar

from unilogin.kit.errors import UniloginError
from unilogin.signin.model import Failure


class ProviderError(UniloginError):
    """Somebody comes back without an identity; ``failure`` is what they are told."""

    code = "provider"
    failure: ClassVar[Failure] = Failure.REFUSED


class DistrustError(ProviderError):
    """The provider said something that must not be believed: written to the audit log with the reason (F-24)."""

    code = "provider_distrusted"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class LevelError(ProviderError):
    """Proved, but not as sure as a MitID sign-in must be."""

    code = "provider_level"
    failure = Failure.LEVEL


class SilentError(ProviderError):
    """The provider does not answer, or not in time."""

    code = "provider_silent"
    failure = Failure.UNAVAILABLE


class RegistrationError(UniloginError):
    """A provider cannot be registered so; the sentence is for the operator and says what to do."""

    code = "provider_registration"
