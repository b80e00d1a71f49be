"""Numbered SQL, forward only; applied in order by kit.db.migrate."""
