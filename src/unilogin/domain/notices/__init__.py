"""Notices (beskeder): people are told what happened to their sign-in, by e-mail where there is an address (N-10).

The notice is written in the transaction of the act (``actions.tell``); the courier of each node turns it into letters
and carries them. Tables: notices_notice, notices_letter.
"""
