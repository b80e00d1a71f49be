"""Invented rosters: schools of any number and size, a year later and night after night, for tests, benches, vendors.

Where is what: `schools.py` which institutions there are, `families.py` whose children are where and in which class
when, `households.py` who they are, `staff.py` who works there, `generator.py` the files, `roster_file.py` and
`oneroster_file.py` the formats, `changes.py` deltas, `mistakes.py` what is wrong where that is asked for. Nobody in
them can be anybody: 60 is added to the day of each CPR number.
"""
