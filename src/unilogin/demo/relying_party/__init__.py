"""Regneriget, an invented learning service that lets people sign in with Unilogin and shows what it was told.

A process of its own, built with Authlib and with nothing of ours, so that it proves the protocol and not our own
code: `python -m unilogin.demo.relying_party --issuer … --client-id …`. Danish name: demotjenesten. Tables: none; who
is signed in is remembered in memory.
"""
