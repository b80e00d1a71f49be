"""Every way to compare a person's secret leads through the throttle, and the throttle goes by one clock."""

import ast
from pathlib import Path

import pytest

from tests.attacks.conftest import Door
from tests.builders.running import run
from tests.builders.throttle import Throttle
from tests.house.source import PACKAGE, name_of, parsed, python_files
from unilogin.urls import URLS

THROTTLING = ("src/unilogin/domain/limits", "src/unilogin/signin", "src/unilogin/kit/web/peer.py")


def callers_of(name: str) -> set[str]:
    """The files that call a function or method of this name."""
    return {
        name_of(path).removeprefix("src/unilogin/")
        for path in python_files("src/")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and name in (getattr(node.func, "id", None), getattr(node.func, "attr", None))
    }


def attributes_of(name: str, attribute: str) -> set[str]:
    """The files that call ``….name.attribute(…)``."""
    return {
        name_of(path).removeprefix("src/unilogin/")
        for path in python_files("src/")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == attribute
        and isinstance(node.func.value, ast.Attribute | ast.Name)
        and (node.func.value.attr if isinstance(node.func.value, ast.Attribute) else node.func.value.id) == name
    }


def test_rt_17_v_46_a_secret_is_compared_in_one_place_and_reserved_there_first() -> None:
    assert attributes_of("hasher", "place") == {"signin/proving.py"}
    assert callers_of("reserve") == {"signin/proving.py"}
    assert callers_of("note_success") == {"signin/proving.py"}
    steps = {"place": 0, "_reserve": 0, "verify": 0, "_let_in": 0}
    for node in ast.walk(function("prove")):
        if isinstance(node, ast.Call) and (called := name_called(node)) in steps:
            steps[called] = node.lineno
    assert sorted(steps, key=lambda step: steps[step]) == list(steps)
    assert "reserve" in calls_in("_reserve")
    assert "note_success" in calls_in("_let_in")


def function(name: str) -> ast.AsyncFunctionDef:
    """A function of the file where secrets are compared."""
    return next(
        node
        for node in parsed(PACKAGE / "signin/proving.py").body
        if isinstance(node, ast.AsyncFunctionDef) and node.name == name
    )


def calls_in(name: str) -> set[str]:
    return {name_called(node) for node in ast.walk(function(name)) if isinstance(node, ast.Call)}


def name_called(call: ast.Call) -> str:
    return str(getattr(call.func, "id", None) or getattr(call.func, "attr", None))


def test_rt_17_the_routes_that_compare_a_secret_are_these() -> None:
    steps = {
        name_of(path)
        for path in python_files("src/unilogin")
        if any(
            isinstance(node, ast.ImportFrom)
            and node.module == "unilogin.signin.proving"
            and "prove" in {alias.name for alias in node.names}
            for node in ast.walk(parsed(path))
        )
    }
    assert steps == {"src/unilogin/signin/steps/secret.py"}
    module = Path(steps.pop()).with_suffix("").as_posix().removeprefix("src/unilogin/").replace("/", ".")
    assert {(line.method, line.path) for line in URLS if line.endpoint.startswith(f"{module}.")} == {
        ("GET", "/login/{journey_id}/secret"),
        ("POST", "/login/{journey_id}/secret"),
    }


def test_rt_17_whatever_is_hashed_was_counted_before(door: Door, throttle: Throttle) -> None:
    teacher, other = door.people.teacher(), door.people.pupil()
    with door.app.counting() as count:
        for username, secret in (
            (teacher.username, "wrong"),
            (teacher.username, str(teacher.secret)),
            (other.username, "wrong"),
            ("none0000", "wrong"),
            (other.username, "x" * 129),
        ):
            visitor = door.at_the_secret(username)
            visitor.submit({"password": secret, "pictures": "sol,hus,bil,is"})
    reservations = [
        statement for statement in count.statements if "limits_bucket" in statement and "verdict" in statement
    ]
    spent = run(throttle.pool.fetchval("select sum(day_failures) from limits_bucket"))
    assert len([one for one in reservations if "returning verdict" in one]) == count.hashes == 4
    assert spent == 3  # the right one was given back


def test_rt_15_no_decision_of_the_throttle_asks_the_clock_of_a_node() -> None:
    """A time may be a type there; what time it is, the database says."""
    asked = {
        f"{name_of(path)}: {ast.unparse(node)}"
        for path in python_files(*THROTTLING)
        for node in ast.walk(parsed(path))
        if asks_a_clock(node)
    }
    assert asked == set()


def asks_a_clock(node: ast.AST) -> bool:
    match node:
        case ast.Import(names=[ast.alias(name="time" | "calendar"), *_]):
            return True
        case ast.ImportFrom(module="time" | "calendar"):
            return True
        case ast.Attribute(value=ast.Name(id="datetime" | "date"), attr="now" | "utcnow" | "today"):
            return True
    return False


@pytest.mark.parametrize("text", ["import time", "from time import monotonic", "datetime.now(UTC)", "date.today()"])
def test_the_scan_sees_a_clock(text: str) -> None:
    assert any(asks_a_clock(node) for node in ast.walk(ast.parse(text)))


def test_rt_15_waits_follow_the_one_clock_alone(door: Door, throttle: Throttle) -> None:
    teacher = door.people.teacher()
    for number in range(5):
        door.type(teacher.username, f"wrong {number}")
    assert "Vent 1 sekund" in door.type(teacher.username, "wrong").text
    run(throttle.let_time_pass(-600))  # the database's clock goes back, a node's does not: the wait is longer
    assert "minutter" in door.type(teacher.username, "wrong").text
    run(throttle.let_time_pass(602))
    assert "passer ikke" in door.type(teacher.username, "wrong again").text
