"""The OpenID Provider: authorization endpoint, tokens, userinfo, introspection, revocation, key set and logout.

Speaks OpenID Connect Core 1.0 with the code flow and PKCE only, at the addresses of the Danish service. It knows who is
signed in from ``domain.sessions``, has people signed in by a journey of ``signin``, and tells a service what
``domain.services.release`` allows. A code is redeemed at most once, a refresh token used at most once, and every answer
looks at the session and the account again.

Tables: oidc_posted_request, oidc_grant, oidc_token, oidc_logout_notice, oidc_event.
"""
