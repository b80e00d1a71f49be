"""The one safe door to XML: no document type, no entities, no network, UTF-8 only, everything within limits."""
