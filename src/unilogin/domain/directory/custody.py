"""Custody (forældremyndighed) as the schools tell it, for statements of other rooms: one place says what counts.

Only what an open school says of a pupil that goes there now. Where two schools say two things, the one that says no is
believed: custody that was lost yesterday is told by one of them first.
"""

TIES = """directory_contact k
    join directory_membership m on m.membership_id = k.membership_id and m.actor_group = 'Elev' and m.ended_at is null
    join directory_institution i on i.institution_id = m.institution_id and i.active"""
"""From: ``k`` ties a contact person to a child, whose membership is ``m``."""

AGREED = "bool_and(k.child_custody)"
"""Having, for the ties of one contact person to one child: whether that is custody."""

CUSTODIANS = f"""
  select k.contact_person_id from {TIES}
  where m.person_id = p.person_id
    and not exists (select from directory_account g
                    where g.person_id = k.contact_person_id and g.blocked_at is not null)
  group by k.contact_person_id having {AGREED}
"""
"""Those who have custody of the person of ``p`` (directory_person) today, without the blocked."""
