"""Getting back in (glemt brugernavn, ny adgangskode): alone, with a parent, or in the window that the school opens.

All of it happens in a journey. A proof gives leave (a permit) to set a new secret for one account in that journey and
browser; nothing else in here sets one.

Tables: recovery_permit, recovery_reader.
"""
