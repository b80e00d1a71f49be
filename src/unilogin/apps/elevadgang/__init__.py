"""Elevadgang: staff help pupils who cannot get in. Teachers their own classes, administrators their whole school.

Tables: none.
"""
