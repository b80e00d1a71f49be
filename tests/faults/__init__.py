"""The server broken on purpose: real clusters, two nodes, a wire that can be cut, and a checker of what must hold.

The pieces: ``cluster`` (PostgreSQL, killed and started again), ``wire`` (between a node and PostgreSQL), ``node`` and
``balancer`` (the servers and what stands before them), ``orders`` (what a fault point shall do), ``faulty_app`` (the
application that obeys them), ``traveller`` (a browser and its service), ``history`` (what was acknowledged) and
``invariants`` (what must be true afterwards). docs/how-to/faults.md says which fault is proved where.
"""
