"""Throttling (begrænsning af forsøg): guessing is slow and ends, and nobody can lock somebody else out.

Wrong guesses are counted per account in separate buckets: one for each device the account trusts, one for its own
school's network, one for everywhere else. A stranger can fill only the bucket of the place where the stranger is. The
caps of all buckets together are at most 100. Why it is so, for people: docs/throttling.md; the numbers: ``rules.py``.

Tables: limits_bucket, limits_device, limits_net, limits_site, limits_site_range, limits_spray, limits_check,
limits_client, limits_decoy.
"""
