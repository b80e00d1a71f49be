"""What a row was before a delivery changed it: written in the statement that changes it, kept for thirty days.

A statement sees the tables as they were when it began, so the same statement that changes a row can note what it was.
The first note of a delivery about a row counts. What a delivery makes is not noted: a membership knows who made it.
"""

INSERT = "insert into directory_journal (delivery_id, kind, row_id, before)"
"""For a CTE: ``noted as ({INSERT} select $4::text::uuid, 'person', person_id, … {ONCE})``."""

ONCE = "on conflict (delivery_id, kind, row_id) do nothing"

PERSON = """(select to_jsonb(b) - array['cpr_sealed', 'cpr_index', 'local_key']
            from directory_person b where b.person_id = p.person_id)"""
"""The person of ``p`` as they were; numbers never change by a delivery. Looked up one by one: few change of many."""

MEMBERSHIP = "(select to_jsonb(b) from directory_membership b where b.membership_id = m.membership_id)"
"""The membership of ``m`` as it was."""

GROUPS = """coalesce((select jsonb_agg(to_jsonb(b) - 'membership_id' order by b.group_key)
                    from directory_group_member b where b.membership_id = m.known_id), '[]')"""
"""The groups of a known membership of ``stage_member m`` as they were."""

CONTACTS = """coalesce((select jsonb_agg(to_jsonb(b) - 'membership_id' order by b.contact_person_id)
                      from directory_contact b where b.membership_id = m.known_id), '[]')"""
"""The contact persons of a known membership of ``stage_member m`` as they were."""
