"""Custody (forældremyndighed) as the schools tell it, for statements of other rooms: one place says what counts.

Only what an open school says of a pupil that goes there now. Where two schools say two things, the one that says no is
believed: custody that was lost yesterday is told by one of them first. And a school that has a child besides another
one makes nobody a parent whom that one does not know: whoever has a child's number could name it in a file of theirs.
"""

TIES = """directory_contact k
    join directory_membership m on m.membership_id = k.membership_id and m.actor_group = 'Elev' and m.ended_at is null
    join directory_institution i on i.institution_id = m.institution_id and i.active"""
"""From: ``k`` ties a contact person to a child, whose membership is ``m``."""

_FIRST = """(select f.membership_id from directory_membership f
    where f.person_id = {0}.person_id and f.institution_id = {0}.institution_id order by f.membership_id limit 1)"""
"""Since when an institution has somebody, as an id that grows with time: it is what it was when they come back."""

_UNKNOWN_ELSEWHERE = f"""exists (
    select from directory_membership o join directory_institution oi on oi.institution_id = o.institution_id
    where o.person_id = m.person_id and o.membership_id <> m.membership_id and o.institution_id <> m.institution_id
      and o.actor_group = 'Elev' and o.ended_at is null and oi.active
      and exists (select from directory_contact oc where oc.membership_id = o.membership_id)
      and not exists (select from directory_contact oc join directory_membership om using (membership_id)
                      where om.person_id = o.person_id and om.institution_id = o.institution_id
                        and om.ended_at is null and oc.contact_person_id = k.contact_person_id)
      and (o.from_at < m.from_at or {_FIRST.format("o")} < {_FIRST.format("m")}))"""
"""Whether an open school that has the child of ``m`` for longer tells of contact persons, and ``k`` is none of them.

For longer, by when the child came there at last or at first: neither a school that lost it for a night nor one that had
it years ago is the one to say.
"""

AGREED = f"bool_and(k.child_custody and not {_UNKNOWN_ELSEWHERE})"
"""Having, for the ties of one contact person to one child: whether that is custody."""

CUSTODIANS = f"""
  select k.contact_person_id from {TIES}
  where m.person_id = p.person_id
    and not exists (select from directory_account g
                    where g.person_id = k.contact_person_id and g.blocked_at is not null)
  group by k.contact_person_id having {AGREED}
"""
"""Those who have custody of the person of ``p`` (directory_person) today, without the blocked."""
