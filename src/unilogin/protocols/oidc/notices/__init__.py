"""Telling services that a session has ended (OpenID Connect Back-Channel Logout 1.0): queued, tried again, visible.

An ended session is the order to tell; a courier beside the workers carries it out. No connection to the database is
held while a service is called, and a service that is slow or gone delays nobody but itself.
"""
