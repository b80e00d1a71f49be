"""A process for strangers' files ends before it takes the machine's memory."""

import subprocess
import sys

CODE = "from unilogin.kit.priority import stay_within; stay_within(seconds=600); bytearray(3 << 30)"


def test_b_r03_a_process_that_would_take_gigabytes_is_the_only_one_to_suffer() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip().endswith("MemoryError")
