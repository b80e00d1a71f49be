"""The pages of Elevadministration, one file a section."""
