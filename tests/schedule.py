"""Who runs which tests when several processes share them: what is dear to start once, and what lasts long first.

A process takes a whole file, so that what the file prepares is prepared once. The files that need the demo go to one
process, because a demo costs as much as a hundred tests; and the longest begin first, because at the end all wait for
the one that began last. Only the time depends on it: a file that is not named here runs after those that are.
"""

from typing import Any, Final

import pytest
from xdist.scheduler import LoadFileScheduling

WITH_THE_DEMO: Final = (
    "tests/demo/test_mitid.py",
    "tests/demo/test_back_in.py",
    "tests/demo/test_step_up.py",
    "tests/demo/test_demo.py",
    "tests/demo/test_outbox.py",
    "tests/demo/test_told_of_logout.py",
)
LONGEST: Final = (
    "tests/protocols/bpi/test_arrival.py",
    "tests/browser/test_look_in_browser.py",
    "tests/cli/test_providers.py",
    "tests/recovery/test_no_secret_without_leave.py",
    "tests/browser/test_login_in_browser.py",
    "tests/observability/test_metrics_page.py",
    "tests/protocols/bpi/test_certificates.py",
    "tests/apps/test_in_browser.py",
    "tests/browser/test_journey.py",
    "tests/protocols/oidc_rp/test_malicious_provider.py",
    "tests/faults/test_embedded.py",
    "tests/domain/notices/test_served.py",
    "tests/roster/test_lives.py",
    "tests/attacks/test_throttle_nodes.py",
    "tests/cli/test_serve.py",
    "tests/apps/elevadgang/test_in_browser.py",
    "tests/cli/test_commands.py",
    "tests/faults/test_served.py",
    "tests/attacks/test_mitid_when_guessing_closed.py",
    "tests/protocols/bpi/test_upload.py",
    "tests/flows/test_logout.py",
    "tests/attacks/test_log_injection.py",
    "tests/attacks/test_protected_names.py",
    "tests/faults/test_keys.py",
    "tests/apps/elevadgang/test_board_in_browser.py",
    "tests/browser/test_strength.py",
    "tests/domain/audit/test_audit_command.py",
    "tests/attacks/test_elevadgang_matrix.py",
    "tests/cli/test_switching.py",
    "tests/protocols/bpi/test_zeep.py",
    "tests/faults/test_crash_points.py",
    "tests/faults/test_rosters.py",
    "tests/attacks/test_login_forms.py",
    "tests/attacks/test_canary.py",
    "tests/attacks/test_throttle_at_the_door.py",
    "tests/browser/test_passkeys_new.py",
    "tests/apps/elevadgang/test_board_ends.py",
    "tests/faults/test_failing_statements.py",
    "tests/domain/audit/test_no_act_without_its_row.py",
    "tests/signin/test_merged.py",
    "tests/protocols/bpi/test_soap.py",
)
"""Files that took more than 30 seconds on a busy machine with two cores, the longest first."""


def place_of(file: str) -> int:
    """Where a file stands in the line."""
    if file in WITH_THE_DEMO:
        return 0
    return 1 + (LONGEST.index(file) if file in LONGEST else len(LONGEST))


def file_of(nodeid: str) -> str:
    """The file a test stands in."""
    return nodeid.partition("::")[0]


class LongestFirst(LoadFileScheduling):
    """Files in the order in which they were collected, those of the demo as if they were one."""

    def _split_scope(self, nodeid: str) -> str:
        file = file_of(nodeid)
        return "the demo" if file in WITH_THE_DEMO else file


def in_order(items: list[pytest.Item]) -> None:
    """Put the longest files first; within a file, and among the others, nothing changes place."""
    items.sort(key=lambda item: place_of(file_of(item.nodeid)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LongestFirst | None:
    """Share the tests our way (a hook of pytest-xdist)."""
    if config.getvalue("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False
    return LongestFirst(config, log)
