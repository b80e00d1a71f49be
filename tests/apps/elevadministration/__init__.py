"""Elevadministration through its door."""
