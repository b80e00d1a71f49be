"""Whatever schools send, in whatever order, and whatever offices decide: nobody is lost, and nobody is somebody else.

A machine that takes random steps through the doors of the program and compares every row of people with a simple model:
``sending.py`` and ``offices.py`` take the steps, ``expecting.py`` says what each must have done, ``tables.py`` what
must be true at any moment. The suite takes the same few ways each time; ``--hypothesis-profile=default`` looks for
others, and ``EXAMPLES`` and ``STEPS`` say how many and how long.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.builders.clock import Clock
from tests.builders.running import run
from tests.postgres import TestServer
from tests.roster.offices import Offices
from tests.roster.registry import open_registry
from tests.roster.sending import Ground, Sending
from unilogin.kit.secrets import Secrets

EXAMPLES = int(os.environ.get("EXAMPLES", "10"))
STEPS = int(os.environ.get("STEPS", "10"))


@pytest.fixture(scope="module")
def empty(postgres: TestServer, template: str, secrets: Secrets) -> Iterator[Ground]:
    """Two schools, of which one lets three people go only by the word of two."""
    dsn = postgres.create_database("machine_of_rosters", template)
    registry = run(open_registry(dsn, secrets))
    registry.execute(
        "insert into roster_limit (institution_id, removed_percent, removed_persons)"
        " select institution_id, 0, 2 from directory_institution where number = '999001'"
    )
    yield Ground(registry, Clock(dsn))
    postgres.drop_database("machine_of_rosters")


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("machine", [Sending, Offices])
def test_whatever_happens_nobody_is_lost_and_nobody_is_somebody_else(empty: Ground, machine: type[Sending]) -> None:
    run_state_machine_as_test(
        type("RostersHere", (machine,), {"ground": empty}),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        ),
    )
