"""The journey (login): from "somebody wants to sign in" to "this person, this sure". Knows no protocol.

A protocol starts a journey with a path to come back to; the journey ends by sending the browser there with its id, and
the protocol takes the result once. A journey is bound to the browser that began it and to one tab.

Tables: signin_journey, signin_provider, signin_errand, signin_watch, signin_watched.
"""
