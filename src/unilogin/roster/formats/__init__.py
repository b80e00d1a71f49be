"""One file for each format a school's people may come in."""
