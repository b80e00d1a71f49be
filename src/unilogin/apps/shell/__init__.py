"""The shell (skallen) of our apps: how one signs people in, what its pages stand in, how one leaves it.

An app is a customer of our own OpenID Connect door like any other: it never sees the identity provider's cookie, so
that it may live on a host name of its own. It keeps a session of its own that hangs on the identity provider's.

Tables: shell_signin, shell_session.
"""
