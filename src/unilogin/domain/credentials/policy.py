"""Whether a chosen password is good enough, and how good it is. Pure."""

from unilogin.domain.credentials.model import PasswordPolicy, PasswordType, PersonWords
from unilogin.domain.credentials.rules import MAX_BYTES, MAX_CODE_POINTS

LEAST_CHARACTERS = 8
MOST_CHARACTERS = {PasswordPolicy.MODERN: MAX_CODE_POINTS, PasswordPolicy.STIL: 24}


def judge(secret: str, *, password_type: PasswordType, person_words: PersonWords, policy: PasswordPolicy) -> list[str]:
    """Return the codes of everything that is wrong with a chosen password, the most telling first; empty when good."""
    if len(secret) < LEAST_CHARACTERS:
        return ["credentials.judge.too_short"]
    if len(secret) > MOST_CHARACTERS[policy] or len(secret.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        return [f"credentials.judge.too_long.{policy.value}"]
    return []
