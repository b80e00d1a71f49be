"""The demo: an invented municipality, a learning service to sign in to, and the page that shows both.

Danish name: demoen. Tables: none; it fills the others' tables through their own doors.

Where is what: `cast.py` the persons who are there for a reason, `generate.py` the municipality around them,
`relying_party/` the learning service Regneriget, a process of its own.
"""
