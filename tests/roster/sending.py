"""What systems send in the machine of rosters, and what offices decide about it: releasing, rejecting, taking back."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.builders.clock import Clock
from tests.builders.running import run
from tests.roster.expecting import Expecting, Noted, Seen, Sent, check_undone, check_waiting
from tests.roster.registry import Registry
from tests.roster.tables import Tables, check_kept, look
from tests.roster.world import EDITS, Human, Row, World, file_of
from unilogin.domain.audit.model import Actor
from unilogin.domain.directory.bulk_undo import Undone
from unilogin.domain.directory.cpr import Cpr
from unilogin.roster.deciding import Decision, say
from unilogin.roster.model import DeliveryKind, DeliveryStatus, Receipt
from unilogin.roster.queries import receipt as stored
from unilogin.roster.tasks import DONE, Task, carry_out_next, last_ordered, order
from unilogin.roster.undo_words import adults_let_in_again, say_undo

SCHOOLS = (("999001", "Alfa"), ("999002", "Beta"))
OFTEN = ("join", "come", "leave", "move", "protect", "number", "custody")
CHANGES = st.lists(
    st.tuples(st.sampled_from([*EDITS, *OFTEN]), st.integers(0, 9), st.integers(0, 3)), min_size=1, max_size=6
)
SCHOOL = st.sampled_from([number for number, _ in SCHOOLS])
FEW = st.integers(0, 9)
MANY = 5
_KEPT = ("kit_migration", "keys_signing", "tests_clock", "directory_institution", "roster_limit")

_KNOW = """
  insert into services_pairwise (account_id, sector) select account_id, 'one' from directory_account
  where account_id::text = any ($1::text[]) on conflict do nothing
""", """
  insert into credentials_password (account_id, type, hash, pepper_version)
  select account_id, 'words', 'x', 1 from directory_account where account_id::text = any ($1::text[])
""", """
  insert into sessions_session (token_hash, account_id, method, level, device, idle_seconds, expires_at)
  select sha256(account_id::text::bytea), account_id, 'words', 'EnFaktor', 'own', 1000000000,
         kit_now() + interval '20 years' from directory_account where account_id::text = any ($1::text[])
"""  # fmt: skip


@dataclass
class Ground:
    """A database that each example finds empty."""

    registry: Registry
    clock: Clock
    tables: list[str] = field(default_factory=list)

    def clear(self) -> None:
        if not self.tables:
            rows = self.registry.rows(
                "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"
                " and relname <> all ($1::text[])",
                list(_KEPT),
            )
            self.tables = [str(name) for (name,) in rows]
            run(self.clock.move(0))
        emptied = ";".join(f"delete from {name}" for name in self.tables)
        self.registry.execute_all(
            "begin; set local session_replication_role = replica;"
            f"update tests_clock set moved = interval '0'; {emptied}; commit"
        )


class Sending(RuleBasedStateMachine):
    """Two schools with a system each. Whoever is new gets a password, a session and a name at a service."""

    ground: Ground

    def __init__(self) -> None:
        super().__init__()
        self.registry = self.ground.registry
        self.vault = self.registry.secrets.cpr_vault()
        self.world = World()
        self.sent: list[Sent] = []
        self.passed = timedelta()
        self.seen: dict[Seen, Row] = {}
        self.fresh: list[str] = []

    @initialize()
    def begin(self) -> None:
        self.ground.clear()
        self.now = look(self.registry.dsn)
        for school in SCHOOLS:
            self.world.begin(school)
            self._send(school, DeliveryKind.FULL)
            assert self.sent[-1].after, "the first delivery counts"

    def index(self, human: Human) -> str:
        return "\\x" + self.vault.index(Cpr(human.number)).hex()

    def system(self, number: str) -> tuple[str, str]:
        """The system that a school has now."""
        return next(system for system in self.world.systems if system[0] == number)

    def look(self) -> None:
        """Read the tables."""
        before = getattr(self, "now", None)
        self.now = look(self.registry.dsn)
        fresh = sorted(self.now.accounts.keys() - before.accounts.keys()) if before else []
        self.fresh += fresh

    @invariant()
    def give_newcomers(self) -> None:
        """After each step: whoever is new signs in and is told to a service."""
        if self.fresh:
            for statement in _KNOW:
                self.registry.execute(statement, self.fresh)
            self.fresh, before = [], self.now
            self.now = look(self.registry.dsn)
            for sent in self.sent[-1:]:
                sent.after = self.now if sent.after is before else sent.after

    # Deliveries ------------------------------------------------------------------------------------------------------

    @rule(number=SCHOOL, changes=CHANGES)
    def send_everybody(self, number: str, changes: list[tuple[str, int, int]]) -> None:
        school = self.system(number)
        for change in changes:
            self.world.edit(school, *change)
        self._send(school, DeliveryKind.FULL)

    @rule(number=SCHOOL, changes=CHANGES)
    def send_changes(self, number: str, changes: list[tuple[str, int, int]]) -> None:
        school = self.system(number)
        before = list(self.world.systems[school])
        for change in changes:
            self.world.edit(school, *change)
        self._send(school, DeliveryKind.DELTA, [row for row in self.world.systems[school] if row not in before])

    @rule(number=SCHOOL, which=FEW, many=st.integers(1, 2))
    def send_leavers(self, number: str, which: int, many: int) -> None:
        school = self.system(number)
        rows = self.world.systems[school]
        leavers = rows[which % max(1, len(rows)) :][:many]
        for row in leavers:
            rows.remove(row)
        self._send(school, DeliveryKind.DELETE, leavers)

    def _send(self, school: tuple[str, str], kind: DeliveryKind, rows: list[Row] | None = None) -> None:
        rows = self.world.systems[school] if rows is None else rows
        if not rows:
            return
        time = datetime.now(UTC) + self.passed
        classes = sorted({row.main for row in rows if row.main})
        at = f"{time:%Y-%m-%dT%H:%M:%S.%fZ}"
        text = file_of(rows, number=school[0], source=school[1], time=at, classes=classes)
        sent = Sent(school, kind, tuple(rows), text)
        self.sent.append(sent)
        before = self.now
        sent.receipt = self.registry.send(sent.text, kind=sent.kind)
        self.look()
        if sent.receipt.status is DeliveryStatus.APPLIED:
            self._has_counted(sent, before)
        else:
            check_waiting(before, self.now)
            if sent.receipt.status is DeliveryStatus.PARKED:
                assert sent.receipt.held_by
            else:
                assert sent.kind is not DeliveryKind.FULL
                base = {"no_base": "applied", "earlier_waits": "parked"}[str(sent.receipt.refusal)]
                there = [one for one in self._with(base) if one.school == sent.school]
                assert bool(there) == (base == "parked")
        check_kept(before, self.now)

    def _has_counted(self, sent: Sent, before: Tables) -> None:
        assert sent.receipt
        named = sent.receipt.delivery_id
        changes = self.registry.rows("select local_person_id, kind from roster_change where delivery_id = $1", named)
        log = self.registry.rows("select action, count(*) from audit_event where object = $1 group by 1", str(named))
        sent.noted = Noted(
            {str(who): str(how) for who, how in changes}, {str(what): int(str(times)) for what, times in log}
        )
        sent.before, sent.after = before, self.now
        expecting = Expecting(sent, before, self.now, seen=self.seen, vault=self.vault)
        expecting.check()
        expecting.learn(self.seen)

    # Decisions -------------------------------------------------------------------------------------------------------

    def _status(self, sent: Sent) -> str:
        assert sent.receipt
        return str(self.now.deliveries[str(sent.receipt.delivery_id)]["status"])

    def _with(self, status: str) -> list[Sent]:
        found = {str(one.receipt.delivery_id): one for one in self.sent if one.receipt and self._status(one) == status}
        return list(found.values())

    @precondition(lambda self: self._with("parked"))
    @rule(which=FEW, said=st.sampled_from(Decision), on_screen=st.booleans())
    def decide(self, which: int, said: Decision, *, on_screen: bool) -> None:
        waiting = self._with("parked")
        sent = waiting[which % len(waiting)]
        assert sent.receipt
        before = self.now
        for _ in range(2):
            word = self.registry.decide(sent.receipt, said, who="anna")
            assert word
            assert word.needs_another, "one person's word is one word"
        if on_screen and said is Decision.RELEASE:
            self._order_release(sent.receipt)
        else:
            assert self.registry.decide(sent.receipt, said, who="bo")
        self.look()
        named = sent.receipt.delivery_id
        sent.receipt = self.registry.do(lambda connection: stored(connection, named))
        assert sent.receipt
        if said is Decision.RELEASE:
            assert sent.receipt.status is DeliveryStatus.APPLIED
            self._has_counted(sent, before)
        else:
            check_waiting(before, self.now)
        check_kept(before, self.now)

    def _order_release(self, waiting: Receipt) -> None:
        """As the page does: the second word and the order in one transaction, and a process that carries it out."""
        named, actor = waiting.delivery_id, self._officer(1)
        decided = self.registry.act(lambda tx: say(tx, named, Decision.RELEASE, actor=actor))
        assert decided
        assert not decided.needs_another
        self.registry.act(lambda tx: order(tx, named, Task.RELEASE, actor=actor))
        assert self._carried_out(waiting) == DONE

    def _officer(self, which: int) -> Actor:
        """Somebody whose word counts: staff, or whoever runs Unilogin."""
        staff = {
            one["person_id"]
            for one in self.now.members.values()
            if one["ended_at"] is None and one["actor_group"] == "Medarbejder"
        }
        there = sorted(key for key, one in self.now.accounts.items() if one["person_id"] in staff)
        return Actor("person", there[which]) if len(there) > which else Actor("operator", f"tests {which}")

    def _carried_out(self, about: Receipt) -> str | None:
        secrets, named = self.registry.secrets, about.delivery_id
        assert self.registry.do(lambda connection: carry_out_next(connection, secrets=secrets))
        ordered = self.registry.do(lambda connection: last_ordered(connection, named))
        assert ordered
        return ordered.answer

    @precondition(lambda self: self._with("applied"))
    @rule(which=FEW, on_screen=st.booleans())
    def undo(self, which: int, *, on_screen: bool) -> None:
        applied = self._with("applied")
        later = [one for one in applied if all(one is not first for first in self.sent[: len(SCHOOLS)])]
        applied = later if later and which < MANY else applied  # without its first delivery a school has nobody
        sent = applied[-1 - which % min(4, len(applied))]
        assert sent.receipt
        before = self.now
        is_done = self._undo_on_screen(sent.receipt) if on_screen else self._undo_at_once(sent.receipt)
        self.look()
        check_kept(before, self.now)
        if is_done:
            check_undone(sent, before, self.now)
        else:
            check_waiting(before, self.now)
            assert before.people == self.now.people
            assert sent is not self.sent[-1] or before is not sent.after, "the newest can be taken back"

    def _undo_at_once(self, told: Receipt) -> bool:
        return isinstance(self.registry.undo(told), Undone)

    def _undo_on_screen(self, told: Receipt) -> bool:
        named, anna, bo = told.delivery_id, self._officer(0), self._officer(1)
        if self.registry.do(lambda connection: adults_let_in_again(connection, [named])):
            for _ in range(2):
                assert not self.registry.act(lambda tx: say_undo(tx, named, actor=anna)), "one person's word"
            assert self.registry.act(lambda tx: say_undo(tx, named, actor=bo))
        self.registry.act(lambda tx: order(tx, named, Task.UNDO, actor=bo))
        return self._carried_out(told) == DONE

    @rule(which=FEW)
    def send_again(self, which: int) -> None:
        """The same file once more: the same receipt, or refused as older; after its undo it counts again."""
        sent = self.sent[-1 - which % min(4, len(self.sent))]
        before, status = self.now, self._status(sent)
        receipt = self.registry.send(sent.text, kind=sent.kind)
        self.look()
        if receipt.repeated or receipt.status is DeliveryStatus.REFUSED:
            check_waiting(before, self.now)
        else:
            assert status in ("undone", "overtaken", "refused")
            sent = Sent(sent.school, sent.kind, sent.rows, sent.text, receipt)
            self.sent.append(sent)
            if receipt.status is DeliveryStatus.APPLIED:
                self._has_counted(sent, before)
        check_kept(before, self.now)
