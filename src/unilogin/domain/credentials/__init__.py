"""Secrets people prove themselves with: picture codes and passwords. Nobody but their owner ever sees one.

Tables: credentials_password, credentials_former, credentials_forced_type, credentials_window,
credentials_passkey, credentials_ceremony.
"""
