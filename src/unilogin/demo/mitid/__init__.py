"""The MitID simulator: an OpenID provider whose people are the demo's, and who approve when one presses a button.

A process of its own: ``python -m unilogin.demo.mitid --client-id … --redirect-uri …``. Danish name: MitID-simulatoren.
Looks like neither the real MitID nor us, so that nobody learns to type a real MitID into a page like this.
Tables: none; codes are remembered in memory.
"""
