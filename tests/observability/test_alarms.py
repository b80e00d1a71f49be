"""Every figure is explained, every alarm asks for figures there are, and has its page of what to do."""

import re
from typing import Final

import pytest
from prometheus_client import CollectorRegistry, Metric

from tests.house.source import ROOT, read
from unilogin.domain.audit.events import Event
from unilogin.kit import metrics
from unilogin.kit.metrics_page import Figures

RULES: Final = read(ROOT / "docs/how-to/alarms.rules.yml")
PAGE: Final = read(ROOT / "docs/how-to/alarms.md")
REFERENCE: Final = read(ROOT / "docs/reference/metrics.md")
ROW = re.compile(r"^\| `(unilogin_\w+)` \| ([^|]+) \| (.+) \|$", re.M)


def everything_known() -> Figures:
    known = Figures()
    known.job_done("x", seconds=1)
    known.queue("x", depth=1, oldest_seconds=1)
    known.queue_given_up("x", count=1)
    known.sites_slowed({"folkeskole": 1})
    known.clock_skew(0)
    known.audit_chain(link=1, waiting=0, oldest_seconds=0)
    known.workers([1])
    known.database_up(up=True)
    return known


def families() -> list[Metric]:
    return [*metrics.registry().collect(), *everything_known().collect()]


def name_of(family: Metric) -> str:
    return f"{family.name}_total" if family.type == "counter" else family.name


def test_every_figure_is_in_the_reference_and_nothing_else_is() -> None:
    assert {name for name, _, _ in ROW.findall(REFERENCE)} == {name_of(family) for family in families()}


def test_the_labels_of_every_figure_are_in_the_reference() -> None:
    told = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels, _ in ROW.findall(REFERENCE)}
    registry = metrics.registry()
    assert isinstance(registry, CollectorRegistry)
    for collector in registry._collector_to_names:
        labels = set(getattr(collector, "_labelnames", ()))
        name = str(getattr(collector, "_name", ""))
        assert told[f"{name}_total" if f"{name}_total" in told else name] == labels, name
    for family in everything_known().collect():
        for sample in family.samples:
            assert told[name_of(family)] == set(sample.labels), family.name


def test_the_steps_and_outcomes_that_are_counted_are_in_the_reference() -> None:
    counted = set()
    for path in (ROOT / "src/unilogin/signin").rglob("*.py"):
        for call in re.findall(r"metrics\.journey_step\(([^\n]+)\)\n", read(path)):
            counted |= set(re.findall(r'"([a-z ]+)"', call))
    assert counted
    assert not [word for word in counted | {"proved", "wrong", "waiting", "closed"} if f"`{word}`" not in REFERENCE]


def alarms() -> dict[str, str]:
    """Each alarm with its expression."""
    found = re.findall(r"- alert: (\w+)\n +expr: (?:>-\n)?(.*?)\n +(?:for|labels):", RULES, re.S)
    return dict(found)


def test_the_rules_are_read_whole() -> None:
    assert len(alarms()) == RULES.count("- alert:")
    assert RULES.count("severity: page}") + RULES.count("severity: ticket}") == len(alarms())
    assert "\t" not in RULES


@pytest.mark.parametrize("alarm", alarms())
def test_an_alarm_asks_for_figures_and_labels_there_are(alarm: str) -> None:
    expression = alarms()[alarm]
    names = {re.sub(r"_(bucket|count|sum)$", "", name) for name in re.findall(r"unilogin_\w+", expression)}
    known = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels, _ in ROW.findall(REFERENCE)}
    assert names <= known.keys()
    asked = set(re.findall(r"[{,](\w+)!?=", expression))
    assert asked - {"job"} <= set().union(*(known[name] for name in names))
    for label, value in re.findall(r'(\w+)="([^"]+)"', expression):
        assert label == "job" or f"`{value}`" in REFERENCE, value
    assert expression.count("(") == expression.count(")")
    assert expression.count("{") == expression.count("}")


def test_every_alarm_has_its_heading_and_every_heading_its_alarm() -> None:
    assert re.findall(r"^### (\w+)$", PAGE, re.M) == list(alarms())


@pytest.mark.parametrize("alarm", alarms())
def test_every_alarm_says_what_it_means_where_to_look_and_what_to_do(alarm: str) -> None:
    section = PAGE.partition(f"### {alarm}\n")[2].partition("\n#")[0]
    meaning = section.strip().partition("\n\n")[0]
    assert len(meaning) > 50
    assert "Look" in section
    assert re.search(r"^(Do: |Look and do: |Look: .*\nDo: )", section, re.M)


def test_the_page_names_events_that_exist() -> None:
    named = set(re.findall(r"`((?:limits|site|audit)\.[a-z_]+)`", PAGE))
    assert named
    assert named <= {event.value for event in Event}
