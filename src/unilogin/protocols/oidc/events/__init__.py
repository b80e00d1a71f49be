"""Telling services that somebody's identifier has changed (RISC identifier-changed, RFC 8417): pushed and pulled.

Each client is told in its own service's names alone. Pushed (RFC 8935) in the same rounds as logouts, or fetched by the
client (RFC 8936); what could not be pushed can still be fetched.
"""
