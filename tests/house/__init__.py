"""The rules of the house: what every room must keep, checked over the source itself and without a database."""
