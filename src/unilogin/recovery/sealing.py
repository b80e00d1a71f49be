"""The secret that was given, kept sealed with a key outside the database until its first success (RW-8)."""

from unilogin.domain.credentials.choosing import Fresh
from unilogin.house import House
from unilogin.recovery.model import Permit, PermitId


def sealed(house: House, permit_id: PermitId, fresh: Fresh) -> bytes:
    """Return what is kept of a secret that was drawn."""
    return house.secrets.sealer("form_seal").seal(fresh.secret.encode(), _place(permit_id))


def opened(house: House, permit: Permit) -> str:
    """Return the secret that was given; an empty string when none was."""
    if permit.assigned is None:
        return ""
    return house.secrets.sealer("form_seal").open(permit.assigned, _place(permit.permit_id)).decode()


def _place(permit_id: PermitId) -> str:
    return f"recovery_permit.assigned:{permit_id}"
