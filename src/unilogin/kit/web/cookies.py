"""Our cookies: ``__Host-``, Secure, HttpOnly, Lax whenever the public address is https (N-60); plain at localhost."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

MAX_VALUE_CHARACTERS = 128


@dataclass(frozen=True, slots=True)
class Cookies:
    """The cookies of one installation; ``secure`` when people reach it by https."""

    secure: bool

    def name(self, base: str) -> str:
        """Return the full name of a cookie."""
        return f"__Host-unilogin_{base}" if self.secure else f"unilogin_{base}"

    def get(self, request: Request, base: str, *, longest: int = MAX_VALUE_CHARACTERS) -> str | None:
        """Return a cookie's value; None when absent, given twice or not of our making (B-L10)."""
        wanted = self.name(base)
        values = []
        for header in request.headers.getlist("cookie"):
            for part in header.split(";"):
                name, _, value = part.strip().partition("=")
                if name == wanted:
                    values.append(value)
        if len(values) != 1 or not 0 < len(values[0]) <= longest:
            return None
        return values[0]

    def set(self, response: Response, base: str, value: str, *, seconds: int | None = None) -> None:
        """Set a cookie, until the browser closes or for so many seconds."""
        response.set_cookie(
            self.name(base), value, max_age=seconds, path="/", secure=self.secure, httponly=True, samesite="lax"
        )

    def remove(self, response: Response, base: str) -> None:
        """Remove a cookie."""
        response.delete_cookie(self.name(base), path="/", secure=self.secure, httponly=True, samesite="lax")
