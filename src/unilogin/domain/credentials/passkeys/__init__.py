"""Passkeys (adgangsnøgler): signing in with what one's own device keeps, behind its own lock; the one door to WebAuthn.

A passkey gives at most the level of the session it was added in (docs/adr). Each question to an authenticator is asked
of one browser about one journey or account, and answered once.
"""
