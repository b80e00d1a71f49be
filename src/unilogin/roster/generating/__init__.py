"""Invented rosters: schools of any number and size, a year later and night after night, for tests, benches, vendors.

Where is what: `schools.py` which institutions there are, `families.py` who lives where and is in which class when,
`generator.py` the files, `roster_file.py` the format. Nobody in them can be anybody: 60 is added to the day of each CPR
number.
"""
