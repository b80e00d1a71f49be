"""The audit log (revisionslog): who did what about whom, written in the transaction of the act itself.

Rows are sealed afterwards into a chain of links whose key lies outside the database, so that whoever changes the past
is found out by ``unilogin audit verify``.

Tables: audit_event, audit_mark, audit_link, audit_anchor.
"""
