"""Hjælp: the front page, help for people who are stuck, and the accessibility statement."""
