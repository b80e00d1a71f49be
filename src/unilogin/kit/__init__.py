"""The kit: what every room is built with. Knows nothing about schools."""
