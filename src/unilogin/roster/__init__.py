"""Rosters (import af personer): the schools' administrative systems tell who is a pupil, a parent and staff.

Tables: roster_delivery, roster_finding, roster_change, roster_parked_part, roster_decision, roster_limit,
roster_cpr_case, roster_stale, roster_source_not_heard, roster_custody_role, roster_told, roster_task,
roster_undo_word, roster_sds_domain.
"""
