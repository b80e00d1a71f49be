"""Signing keys: made ahead of time, published before they sign, sealed in the database (K-01 … K-07).

Tables: keys_signing.
"""
