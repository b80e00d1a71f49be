"""What an address of mail looks like, and how the way to a mail server is made safe. Pure."""

import re
from typing import Literal

Tls = Literal["starttls", "implicit", "none"]

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")


def is_address(text: str) -> bool:
    """Tell whether it is an address every server can take: no display name, no sign that means something to one."""
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None
