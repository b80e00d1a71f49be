"""The audit log (revisionslog): who did what about whom, written in the transaction of the act itself.

Tables: audit_event.
"""
