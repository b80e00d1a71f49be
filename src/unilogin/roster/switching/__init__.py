"""Change of source system (skift af administrationssystem): another one takes over, and no pupil notices.

The new system's first delivery is laid beside today's people: found by CPR number, then by name, date of birth and
class; where that leaves a doubt, somebody decides. Then its people are loaded as the people they are, and those of the
old system go. All of it can be taken back.

Tables: roster_switch, roster_switch_person, roster_switch_part, roster_switch_upload, roster_switch_upload_part.
"""
