"""Elevadgang through its door."""
