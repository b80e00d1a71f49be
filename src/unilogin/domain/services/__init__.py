"""Services (tjenester) that people sign in to: their clients, licences, what they are told, and about whom.

Tables: services_service, services_client, services_client_secret, services_licence, services_pairwise,
services_incident, services_identifier_change.
"""
