"""Mit Unilogin: what pupils, parents and staff see of themselves, and what they can do about it.

Tables: none.
"""
