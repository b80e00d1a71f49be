"""Rights that people hold at an institution, e.g. Brugeradministrator.

Tables: access_right.
"""
