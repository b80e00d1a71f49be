"""Sessions: somebody proved who they are in this browser, this sure, at this time; single sign-on lives on it.

Tables: sessions_session, sessions_visit, sessions_right, sessions_vouch, sessions_vouch_request, sessions_waiver.
"""
