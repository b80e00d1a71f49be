"""Rosters (import af personer): the schools' administrative systems tell who is a pupil, a parent and staff.

Tables: roster_delivery, roster_finding.
"""
