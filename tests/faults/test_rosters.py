"""F-04, I-2, I-7: an import is cut off or killed anywhere. The previous delivery stands or the new, never a mixture."""

import signal
import time
from pathlib import Path
from random import Random

import pytest

from tests.faults.deliveries import Deliveries, cut_off_and_repeated, first_delivery, load, versions
from tests.faults.ground import Ground

POINTS = 10


@pytest.fixture(scope="module")
def deliveries(whole_ground: Ground) -> Deliveries:
    """The school, with its first delivery loaded."""
    whole_ground.mend()
    return whole_ground.run(first_delivery(whole_ground))


async def statements_of_a_delivery(ground: Ground, deliveries: Deliveries) -> int:
    loss = ground.wires[0].lose(r".", skip=10_000)
    await load(ground, deliveries.next(), dsn=ground.wires[0].dsn)
    return len(loss.passed)


@pytest.mark.parametrize("before", [False, True], ids=["the answer", "the question"])
def test_f_04_i_2_i_7_an_import_cut_off_anywhere_is_whole_or_absent(
    ground: Ground, deliveries: Deliveries, before: bool
) -> None:
    """Ten points each, the last statements before and after the COMMIT among them."""
    statements = ground.run(statements_of_a_delivery(ground, deliveries))
    spread = {round(n * (statements - 3) / (POINTS - 3)) for n in range(POINTS - 3)}
    points = spread | set(range(statements - 3, statements))
    for statement in sorted(points):
        assert ground.run(cut_off_and_repeated(ground, deliveries, statement=statement, before=before)), statement


@pytest.mark.parametrize("seed", range(3))
def test_f_04_i_7_an_import_killed_with_9_is_whole_or_absent(
    ground: Ground, deliveries: Deliveries, tmp_path: Path, seed: int
) -> None:
    """The command itself, killed at a moment nobody chose."""
    standing = deliveries.number
    file = tmp_path / "school.xml"
    file.write_bytes(deliveries.next())
    command = ground.nodes[0].begin_command("roster", "import", str(file))
    time.sleep(Random(seed).uniform(0.4, 2.0))  # the moment is the fault that is injected
    command.send_signal(signal.SIGKILL)
    command.communicate()
    assert ground.run(versions(ground)) in ([str(standing)], [str(deliveries.number)]), f"seed {seed}"
    again = ground.nodes[0].command("roster", "import", str(file))
    assert again.returncode == 0, again.stderr
    assert ground.run(versions(ground)) == [str(deliveries.number)], f"seed {seed}"
