"""``make soak MINUTES=20``: a school at work while everything breaks at random, from a seed; then every invariant.

People come, stay, are mistaken and leave; passwords are set, rosters loaded, keys changed. Meanwhile nodes and
PostgreSQL are killed and restarted, wires cut, slowed, silenced and made to lose words, clocks moved. The second node
is never killed, so that its memory tells whether something grows. The seed is printed first: ``--seed`` repeats a run
as far as the machine's own timing allows.
"""

import argparse
import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import asyncpg

from tests.builders.people import Somebody
from tests.faults.deliveries import Deliveries, cut_off_and_repeated, first_delivery
from tests.faults.ground import Ground
from tests.faults.history import Outcome
from tests.faults.measures import Measures
from tests.faults.new_secrets import give
from tests.faults.orders import Act, Order
from tests.faults.stories import get_in, leave, stay_in
from tests.faults.test_keys import remove, rotate
from tests.faults.traveller import LostError, NoAnswerError
from unilogin.kit.faults import POINTS

COMING, CHANGING = 10, 3
"""How many people come and go, and how many have their passwords changed all the time."""

LONGEST_FAULT_SECONDS = 6.0
PATIENCE_SECONDS = 60.0

SILENCE_SECONDS = 10.0
"""After which a command is given up that nobody answers."""


@dataclass(eq=False)
class Soak:
    """One run."""

    ground: Ground
    seed: int
    minutes: float
    faults: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    rude: Counter[str] = field(default_factory=Counter)
    entered: int = 0
    over: bool = False

    # people -----------------------------------------------------------------------------------------------------------

    async def come_and_go(self, number: int) -> None:
        """One place at which somebody sits, and after them somebody else."""
        chance = Random(f"{self.seed} life {number}")
        while not self.over:
            person = chance.choice(self.ground.people[:COMING])
            traveller = self.ground.traveller(person)
            try:
                redemption = await get_in(traveller, chance, seconds=PATIENCE_SECONDS)
                self.entered += 1
                for _ in range(chance.randrange(3)):
                    await asyncio.sleep(chance.uniform(0, 0.3))
                    redemption = await stay_in(traveller, redemption, seconds=PATIENCE_SECONDS) or await get_in(
                        traveller, chance, seconds=PATIENCE_SECONDS
                    )
                if chance.random() < 0.8:
                    await leave(traveller, redemption, seconds=PATIENCE_SECONDS)
            except (NoAnswerError, LostError) as error:
                self.wrong.append(f"{person.username} did not get in within {PATIENCE_SECONDS:.0f} s: {error}")
            self.note(traveller.unanswered)
            await asyncio.sleep(chance.uniform(0.05, 0.3))

    async def be_mistaken(self) -> None:
        """Somebody types something wrong now and then: it is refused, whatever breaks."""
        chance = Random(f"{self.seed} mistakes")
        while not self.over:
            await asyncio.sleep(chance.uniform(15, 25))
            traveller = self.ground.traveller(chance.choice(self.ground.people[:COMING]))
            with contextlib.suppress(NoAnswerError, LostError):
                await traveller.come_to_the_secret()
                await traveller.prove(f"det var nok forkert {chance.random()}")

    async def change_passwords(self) -> None:
        """New passwords over wires that may break: afterwards exactly one of the two works."""
        chance = Random(f"{self.seed} passwords")
        people = list(self.ground.people[COMING : COMING + CHANGING])
        count = 0
        while not self.over:
            await asyncio.sleep(chance.uniform(8, 20))
            count += 1
            number = chance.randrange(len(people))
            new = f"et nyt ord til nummer {count} af {self.seed}"
            with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
                wire = chance.choice(self.ground.wires)
                await asyncio.wait_for(give(self.ground, people[number], new, dsn=wire.dsn), SILENCE_SECONDS)
            people[number] = await self._which_works(people[number], new)

    async def _which_works(self, old: Somebody, new: str) -> Somebody:
        acknowledged = self.ground.history.new_secrets[-1].outcome is Outcome.DONE
        works = [one for one in (replace(old, secret=new), old) if await self._fits(one)]
        if len(works) != 1:
            self.wrong.append(f"I-5: {old.username} has {len(works)} passwords that work")
        elif acknowledged and works[0].secret != new:
            self.wrong.append(f"I-5: the old password of {old.username} works, the new one was acknowledged")
        return works[0] if works else old

    async def _fits(self, person: Somebody) -> bool:
        """Whether a password works, asked until there is an answer."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            traveller = self.ground.traveller(person)
            try:
                await traveller.come_to_the_secret()
                return await traveller.prove() is Outcome.DONE
            except (NoAnswerError, LostError):
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(0.3)

    async def load_rosters(self, deliveries: Deliveries) -> None:
        """A delivery is cut off somewhere, then repeated; what stands is whole, whatever else breaks."""
        chance = Random(f"{self.seed} rosters")
        while not self.over:
            await asyncio.sleep(chance.uniform(10, 20))
            statement, before = chance.randrange(25), chance.random() < 0.5
            try:
                await cut_off_and_repeated(self.ground, deliveries, statement=statement, before=before)
            except AssertionError as error:
                self.wrong.append(f"I-7: {error}")
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
                continue  # the database itself went away: the next round sees what stands

    async def change_keys(self) -> None:
        """Keys are rotated, and now and then one is taken out at once."""
        chance = Random(f"{self.seed} keys")
        while not self.over:
            await asyncio.sleep(chance.uniform(20, 40))
            with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
                coming = await rotate(self.ground)
                if chance.random() < 0.7:
                    await remove(self.ground, coming)

    def note(self, unanswered: list[NoAnswerError]) -> None:
        """Count what was neither an answer nor our own kind refusal."""
        self.rude.update(type(e.__cause__).__name__ if e.response is None else str(e.response.status_code)
                         for e in unanswered if not e.is_kind)  # fmt: skip

    # faults -----------------------------------------------------------------------------------------------------------

    async def break_things(self) -> None:
        """One fault after the other, with a while of peace between."""
        chance = Random(f"{self.seed} faults")
        names = list(FAULTS)
        while not self.over:
            await asyncio.sleep(chance.uniform(1, 5))
            name = chance.choice(names)
            self.faults[name] += 1
            await FAULTS[name](self.ground, chance)
            await asyncio.to_thread(self.ground.mend)


Fault = Callable[[Ground, Random], Awaitable[None]]


async def crash(ground: Ground, chance: Random) -> None:
    act: Act = chance.choice(("crash", "crash", "raise"))
    ground.balancer.nodes = [node.port for node in ground.nodes[:1]]  # the second node is never killed
    ground.orders.give(Order(chance.choice(POINTS[:8]), act), after=chance.randrange(3))
    await asyncio.sleep(2)
    ground.orders.forget()
    ground.balancer.nodes = [node.port for node in ground.nodes]


async def kill_a_worker(ground: Ground, chance: Random) -> None:
    worker = ground.nodes[0].worker()
    if worker is not None:
        os.kill(worker, signal.SIGKILL)


async def restart_a_node(ground: Ground, chance: Random) -> None:
    node = ground.nodes[0]
    await ground.balancer.take_out(node.port)
    node.begin_to_stop()
    await asyncio.to_thread(node.wait_until_gone)
    await asyncio.to_thread(node.ensure)
    ground.balancer.nodes.append(node.port)


async def freeze_a_worker(ground: Ground, chance: Random) -> None:
    worker = ground.nodes[0].worker()
    if worker is not None:
        os.kill(worker, signal.SIGSTOP)
        await asyncio.sleep(chance.uniform(0.5, LONGEST_FAULT_SECONDS))
        os.kill(worker, signal.SIGCONT)


async def restart_the_database(ground: Ground, chance: Random) -> None:
    await asyncio.to_thread(ground.cluster.restart, chance.choice(("fast", "immediate", "kill")))


async def kill_a_backend(ground: Ground, chance: Random) -> None:
    await ground.cluster.kill_a_backend()


async def cut_a_wire(ground: Ground, chance: Random) -> None:
    chance.choice(ground.wires).cut()
    await asyncio.sleep(chance.uniform(0.1, 2))


async def silence_a_wire(ground: Ground, chance: Random) -> None:
    chance.choice(ground.wires).become_black_hole()
    await asyncio.sleep(chance.uniform(0.5, LONGEST_FAULT_SECONDS))


async def half_close_a_wire(ground: Ground, chance: Random) -> None:
    chance.choice(ground.wires).half_close()


async def slow_a_wire(ground: Ground, chance: Random) -> None:
    chance.choice(ground.wires).delay = chance.uniform(0.001, 0.01)
    await asyncio.sleep(chance.uniform(1, 3))


async def lose_words(ground: Ground, chance: Random) -> None:
    for _ in range(5):
        chance.choice(ground.wires).lose(r".", skip=chance.randrange(30), before=chance.random() < 0.5)
        await asyncio.sleep(0.4)


async def move_the_clock(ground: Ground, chance: Random) -> None:
    await ground.cluster.shift_clock(f"{chance.choice((-600, -60, 60, 600))} seconds")
    await asyncio.sleep(chance.uniform(0.5, 3))
    await ground.cluster.shift_clock()


FAULTS: dict[str, Fault] = {
    "crash or error at a point": crash,
    "worker killed": kill_a_worker,
    "worker frozen": freeze_a_worker,
    "node restarted": restart_a_node,
    "database restarted": restart_the_database,
    "backend killed": kill_a_backend,
    "wire cut": cut_a_wire,
    "wire silent": silence_a_wire,
    "wire half closed": half_close_a_wire,
    "wire slow": slow_a_wire,
    "words lost": lose_words,
    "clock moved": move_the_clock,
}


async def work(soak: Soak, measures: Measures) -> None:
    """Let everything happen for as long as asked, then let everybody finish."""
    deliveries = await first_delivery(soak.ground)
    lives = [soak.come_and_go(number) for number in range(4)]
    others = [soak.be_mistaken(), soak.change_passwords(), soak.load_rosters(deliveries), soak.change_keys()]
    running = [asyncio.ensure_future(one) for one in (*lives, *others)]
    breaking = asyncio.ensure_future(soak.break_things())
    until = time.monotonic() + soak.minutes * 60
    while time.monotonic() < until and not breaking.done() and not any(one.done() for one in running):
        await asyncio.sleep(5)
        await measures.take()
        left = (until - time.monotonic()) / 60
        print(
            f"\r{soak.entered} times in, {soak.faults.total()} faults, {max(0, left):.1f} min left ", end="", flush=True
        )
    soak.over = True
    await breaking
    await asyncio.to_thread(soak.ground.mend)
    await asyncio.gather(*running)


def judge(soak: Soak, measures: Measures) -> list[str]:
    """Everything that is wrong in the end."""
    ground = soak.ground
    ground.mend()
    for person in ground.people[:COMING]:
        ground.run(ground.traveller(person).enter())
    found = soak.wrong + ground.run(ground.violations(), seconds=600) + measures.grown()
    faults = [line for log in ground.logs for line in log.read_text(errors="replace").splitlines() if '"fault"' in line]
    unknown = [line for line in faults if "InjectedError" not in line]
    return found + [f"an error nobody injected: {line[-300:]}" for line in unknown[:5]]


def main() -> int:
    parser = argparse.ArgumentParser(description="Break Unilogin at random and check what must hold.")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="unilogin-soak-"))
    ground = Ground(folder / "ground", pupils=COMING + CHANGING)
    soak = Soak(ground, asked.seed, asked.minutes)
    measures = Measures(ground)
    try:
        ground.run(work(soak, measures), seconds=asked.minutes * 60 + 300)
        found = judge(soak, measures)
    finally:
        ground.close()
    print("\n\nfaults:   " + ", ".join(f"{name} {count}" for name, count in sorted(soak.faults.items())))
    print("history:  " + ", ".join(f"{name} {count}" for name, count in ground.history.summary().items() if count))
    print(f"neither answered nor refused kindly: {dict(soak.rude) or 'nothing'}")
    print("measures: " + measures.summary())
    if found:
        print(f"\nWRONG (seed {asked.seed}; everything is kept in {folder}):\n" + "\n".join(found))
        return 1
    print(f"\nAll invariants hold. Seed {asked.seed}.")
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
