"""What was found: ratios held against budgets, figures beside them, as a table and as JSON."""

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Ratio:
    """Our work held against other work, once a round; values are CPU milliseconds a piece."""

    work: str
    against: str
    ours: Sequence[float]
    theirs: Sequence[float]
    budget: float | None = None
    unit: str = "ms"

    @property
    def ratios(self) -> list[float]:
        """The ratio of every round."""
        return [mine / other for mine, other in zip(self.ours, self.theirs, strict=True)]

    @property
    def median(self) -> float:
        """The figure that is held against the budget."""
        return statistics.median(self.ratios)

    @property
    def kept(self) -> bool | None:
        """Whether the budget is kept; None without one."""
        return None if self.budget is None else self.median <= self.budget


@dataclass(frozen=True, slots=True)
class Figure:
    """One value that stands by itself; ``limit`` is the most it may be."""

    what: str
    value: float
    unit: str
    limit: float | None = None

    @property
    def kept(self) -> bool | None:
        """Whether the limit is kept; None without one."""
        return None if self.limit is None else self.value <= self.limit


@dataclass(frozen=True, slots=True)
class Comparison:
    """Times of one thing and of another that must take the same; ``p`` is how likely they differ so by chance."""

    what: str
    ours: Sequence[float]
    theirs: Sequence[float]
    p: float
    least: float
    unit: str = "ms"

    @property
    def difference(self) -> float:
        """How much longer ours takes, by the medians."""
        return statistics.median(self.ours) - statistics.median(self.theirs)

    @property
    def kept(self) -> bool:
        """Whether nobody can tell them apart."""
        return self.p > self.least


@dataclass(slots=True)
class Report:
    """All of one run."""

    quick: bool
    ratios: list[Ratio] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)

    @property
    def kept(self) -> bool:
        """Whether no budget is exceeded."""
        rows: list[Ratio | Figure | Comparison] = [*self.ratios, *self.figures, *self.comparisons]
        return all(row.kept is not False for row in rows)

    def show(self, console: Console) -> None:
        """Print the tables."""
        if self.ratios:
            console.print(self._ratio_table())
        if self.figures:
            console.print(self._figure_table())
        if self.comparisons:
            console.print(self._comparison_table())

    def _ratio_table(self) -> Table:
        table = Table("Work", "Ours", "Held against", "Theirs", "Ratio", "Rounds", "Budget", "")
        for column in table.columns[1:2] + table.columns[3:7]:
            column.justify = "right"
        for row in self.ratios:
            table.add_row(
                row.work,
                f"{statistics.median(row.ours):.3g} {row.unit}",
                row.against,
                f"{statistics.median(row.theirs):.3g} {row.unit}",
                f"{row.median:.2f}",
                f"{min(row.ratios):.2f}–{max(row.ratios):.2f} ({len(row.ratios)})",
                "" if row.budget is None else f"≤ {row.budget:g}",
                _verdict(row.kept),
            )
        return table

    def _figure_table(self) -> Table:
        table = Table("Figure", "Value", "Limit", "")
        for column in table.columns[1:3]:
            column.justify = "right"
        for row in self.figures:
            limit = "" if row.limit is None else f"≤ {row.limit:g} {row.unit}"
            table.add_row(row.what, f"{row.value:.4g} {row.unit}", limit, _verdict(row.kept))
        return table

    def _comparison_table(self) -> Table:
        table = Table("Told apart by the clock?", "Median", "Difference", "Samples", "p", "At least", "")
        for column in table.columns[1:6]:
            column.justify = "right"
        for row in self.comparisons:
            table.add_row(
                row.what,
                f"{statistics.median(row.theirs):.4g} {row.unit}",
                f"{row.difference:+.3f} {row.unit}",
                f"{len(row.ours)} + {len(row.theirs)}",
                f"{row.p:.3g}",
                f"{row.least:.2g}",
                _verdict(row.kept),
            )
        return table

    def write(self) -> Path:
        """Write the JSON and return where."""
        RESULTS.mkdir(exist_ok=True)
        now = datetime.now(UTC)
        content = {
            "at": now.isoformat(timespec="seconds"),
            "quick": self.quick,
            "kept": self.kept,
            "machine": machine(),
            "ratios": [
                asdict(row) | {"ratios": row.ratios, "median": row.median, "least": min(row.ratios), "kept": row.kept}
                for row in self.ratios
            ],
            "figures": [asdict(row) | {"kept": row.kept} for row in self.figures],
            "comparisons": [asdict(row) | {"difference": row.difference, "kept": row.kept} for row in self.comparisons],
        }
        path = RESULTS / f"{now:%Y%m%dT%H%M%S}{'-quick' if self.quick else ''}.json"
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
        return path


def _verdict(kept: bool | None) -> str:
    return "" if kept is None else "[green]kept[/]" if kept else "[red]exceeded[/]"


def machine() -> dict[str, object]:
    """Return what the figures were measured on and of."""
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=RESULTS.parent, capture_output=True, text=True, check=False
    )
    return {
        "processor": names[0].partition(":")[2].strip() if names else platform.processor(),
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "commit": commit.stdout.strip(),
    }
