"""The OpenID Connect client (relying party): asks an external provider such as a MitID broker who somebody is.

Sends a browser out on an errand of the journey, and notes on the errand what the provider proved. Believes nothing that
was not asked for, and keeps no CPR number.

Tables: oidc_rp_provider, oidc_rp_flow.
"""
