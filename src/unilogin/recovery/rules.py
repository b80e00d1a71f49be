"""Decisions of getting back in: which page leave leads to, and whether pictures were repeated rightly."""

import hmac
from enum import StrEnum

from unilogin.domain.credentials.model import PasswordType
from unilogin.domain.credentials.rules import TYPES
from unilogin.recovery.model import Permit, Proof


class Page(StrEnum):
    """What somebody with leave sees."""

    READY = "ready"  # nothing is given yet: a button gives it
    OWN = "own"  # think of one
    SHOWN = "shown"  # this is it


def page_of(permit: Permit) -> Page:
    """Return the page that leave leads to.

    Who proved it alone and may choose thinks of one; everybody else is given one and sees it, and may then choose.
    """
    if permit.assigned is not None:
        return Page.SHOWN
    return Page.OWN if permit.own and may_choose(permit) else Page.READY


def may_choose(permit: Permit) -> bool:
    """Tell whether a secret of this type may be thought of."""
    return TYPES[permit.type].may_choose


def must_practise(permit: Permit) -> bool:
    """Tell whether the secret is tried once before it signs anybody in: pictures, which nobody writes down."""
    return permit.type is PasswordType.PICTURES


def is_repeated(assigned: str, given: str) -> bool:
    """Tell whether the pictures that were shown are the ones that were tapped."""
    return hmac.compare_digest(assigned.encode(), given.encode("utf-8", "surrogatepass"))


METHOD_OF_PROOF = {Proof.MITID: "mitid"}
"""The method of the session afterwards; for every other proof it is the type of the new secret."""
