"""What must not grow while everything breaks: memory, open files and connections of the node that is never killed."""

from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.faults.ground import Ground

WARM = 3
"""The first samples: caches fill, plans are made."""

MEMORY_GROWTH_MB = 20.0
FILES_GROWTH = 12
CONNECTIONS = 8
"""Of one worker's pool; two workers, and what the harness itself has open for a moment."""


@dataclass(eq=False)
class Measures:
    """Samples of the second node."""

    ground: Ground
    memory: list[float] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    connections: list[int] = field(default_factory=list)

    async def take(self) -> None:
        """Take one sample of each; nothing while the database is away."""
        worker = self.ground.nodes[1].worker()
        if worker is None:
            return
        status = Path(f"/proc/{worker}/status").read_text().splitlines()
        self.memory.append(next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS")))
        self.files.append(len(list(Path(f"/proc/{worker}/fd").iterdir())))
        try:
            async with self.ground.cluster.connection() as connection:
                count = "select count(*) from pg_stat_activity where application_name = 'unilogin'"
                self.connections.append(int(await connection.fetchval(count)))
        except Exception:
            return

    def grown(self) -> list[str]:
        """What is larger at the end than at the beginning, by more than breathing."""
        found = []
        if _growth(self.memory) > MEMORY_GROWTH_MB:
            found.append(f"memory grew by {_growth(self.memory):.0f} MB")
        if _growth(self.files) > FILES_GROWTH:
            found.append(f"open files grew by {_growth(self.files):.0f}")
        if self.connections and median(self.connections[-WARM:]) > 2 * CONNECTIONS + 4:
            found.append(f"{self.connections[-1]} connections stand open")
        return found

    def summary(self) -> str:
        """The figures, first and last."""
        first, last = self.memory[: WARM + 1][-1:], self.memory[-1:]
        return (
            f"memory {first[0] if first else 0:.0f} → {last[0] if last else 0:.0f} MB, open files"
            f" {self.files[:1]} → {self.files[-1:]}, connections at most {max(self.connections, default=0)}"
        )


def _growth(samples: "list[float] | list[int]") -> float:
    """The median of the last third less that of the first third after warming up."""
    warm = samples[WARM:]
    third = len(warm) // 3
    return float(median(warm[-third:]) - median(warm[:third])) if third else 0.0
