"""Elevadministration: a school's office sees what its systems deliver, decides what needs a human, adds by hand.

Tables: none.
"""
