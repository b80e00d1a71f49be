"""In whose care somebody's way in is: the school that a system says they go to, not whoever adds them by hand.

An office can add anybody whose number and name it knows. Were such a pupil theirs to help, an administrator could take
over another school's child with a window of five minutes, read along on the board, or block it. So a manual association
gives no say over somebody whom another school has, or who is more than a pupil. Whoever has left the other school, or
is nobody else's, is helped where they were added; of two offices that add, by the first one.
"""

from unilogin.domain.directory.model import SOURCE_BY_HAND


def in_care(membership: str = "m") -> str:
    """Return the condition that the institution of a membership has a say over its person's way in.

    The first test spares all others the rest; that one is by keys alone.
    """
    m = membership
    return f"""({m}.source <> '{SOURCE_BY_HAND}' or not exists (
    select from directory_membership o join directory_institution oi using (institution_id)
    where oi.active and o.person_id = {m}.person_id and o.membership_id <> {m}.membership_id and o.ended_at is null
      and (o.actor_group <> 'Elev' or o.source <> '{SOURCE_BY_HAND}'
           or (o.from_at, o.membership_id) < ({m}.from_at, {m}.membership_id))
  ) and not exists (
    select from directory_contact c where c.contact_person_id = {m}.person_id
  ) and not exists (
    select from access_right r join directory_account h on h.account_id = r.account_id
    where h.person_id = {m}.person_id and r.revoked_at is null
  ))"""
