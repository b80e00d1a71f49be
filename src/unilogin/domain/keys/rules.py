"""When a key may sign and how long it stays published."""

from datetime import timedelta

PUBLISH_AHEAD = timedelta(hours=24)
"""Relying parties cache our key set that long: a key is published so long before it signs (K-03)."""

KEEP_PUBLISHED = timedelta(hours=25)
"""After its last signature: the longest life of a token, clock skew and a day of caches."""

RING_SECONDS = 1.0
"""How long a worker uses a ring before it reads it again: what changes is known within it (F-38)."""
