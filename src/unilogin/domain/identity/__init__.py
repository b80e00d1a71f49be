"""Who is who, put right: two accounts of one person become one, one account of two persons two (omidentifikation).

Nothing is deleted, and what went from one account to the other is written down row by row, so that it finds its way
back (K-20).

Tables: identity_correction, identity_moved, identity_proposal.
"""
