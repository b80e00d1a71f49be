"""Rights that people hold at an institution, e.g. Brugeradministrator, and the gates to the pupils one may help.

Tables: access_right, access_school, access_loan, access_return.
"""
