"""When a service that did not answer is tried again. Pure."""

_FIRST_PAUSE = 5.0
_FACTOR = 3.0
_LONGEST_PAUSE = 3600.0
_LONGEST_REST = 300.0


def pause_seconds(attempts: int) -> float:
    """Return how long to wait after so many attempts: 5 s, 15 s, 45 s, … up to an hour."""
    return min(_FIRST_PAUSE * _FACTOR ** min(attempts - 1, 20), _LONGEST_PAUSE)


def rest_seconds(failures: int) -> float:
    """Return how long a service that has failed so many times in a row is left alone with everything."""
    return min(_FIRST_PAUSE * 2.0 ** min(failures - 1, 20), _LONGEST_REST)
