"""Unilogin: the digital identity of pupils, parents and school staff."""
