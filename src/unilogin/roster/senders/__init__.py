"""Senders (udbydersystemer): the systems that deliver for schools, for which ones, and how they prove who they are.

Tables: roster_sender, roster_agreement, roster_certificate, roster_token, roster_message.
"""
