"""The rules that hold without any: each once where it must act, and once where it must not."""

import re
from pathlib import Path

import pytest
from rule_world import HIGH, ruled, told

from keepwell.core.spec.looping import LoopRuleSpec
from keepwell.operations.loop.interventions.rules import BUILTIN, rules_of
from keepwell.operations.loop.view import Happening
from keepwell.testing.loop_world import LoopWorld, make_signal

PAGE = Path(__file__).resolve().parents[4] / "docs" / "how-to" / "let-the-loop-act.md"


def _deployed(world: LoopWorld, kind: str) -> LoopWorld:
    world.look(times=3)
    world.champion, world.previous = 2, 1
    world.deployed = world.promoted = world.clock.now()
    world.signals_of = {2: (make_signal(kind, version=0, value=0.5),)}
    world.measures = {"error_rate": 0.4, "latency_p95_ms": 400.0}

    def back(one: object) -> None:
        world.champion = 1
        world.measures = {"error_rate": 0.0, "latency_p95_ms": 20.0}

    world.acted = back
    return world


@pytest.mark.parametrize("kind", ["errors", "latency"])
def test_a_bad_deployment_is_rolled_back_unasked(kind: str) -> None:
    world = _deployed(ruled(builtin=True), kind)
    world.look(times=30)
    assert told(world) == ["intervene", "keep"]
    (one,) = world.interventions
    assert (one.rule, one.playbook, one.status) == ("bad-deployment", "roll_back", "kept")
    (incident,) = world.incidents
    assert incident.resolution == "healed"
    assert "roll_back" in incident.summary
    assert incident.closed is not None
    assert incident.closed - incident.opened <= 60


def test_a_starved_machine_is_no_bad_deployment() -> None:
    world = _deployed(ruled(builtin=True), "latency")
    world.happenings = (Happening(time=world.clock.now(), kind="machine", what="short of cpu"),)
    world.look(times=30)
    assert not world.interventions


def test_a_first_version_is_not_rolled_back() -> None:
    world = _deployed(ruled(builtin=True), "errors")
    world.previous = 0
    world.look(times=30)
    assert not world.interventions


def test_an_old_deployment_is_not_rolled_back() -> None:
    world = _deployed(ruled(builtin=True), "latency")
    world.clock.advance(7200)
    world.look(times=10)
    assert not world.interventions


def test_a_failing_endpoint_is_proposed_to_fall_back() -> None:
    world = ruled(builtin=True)
    world.signals, world.measures = (make_signal("errors", version=0),), {"error_rate": 0.8}
    world.look(times=6)
    assert [(one.playbook, one.status) for one in world.interventions] == [
        ("fall_back", "proposed")
    ]


def test_an_overload_is_proposed_to_scale() -> None:
    world = ruled(builtin=True)
    world.signals, world.load = (make_signal("latency", version=0),), HIGH
    world.look(times=6)
    assert [(one.playbook, one.status) for one in world.interventions] == [("scale", "proposed")]


def test_a_broken_column_that_hurts_is_proposed_for_quarantine() -> None:
    world = ruled(builtin=True)
    world.labels = 0
    world.signals = (make_signal("quality", "age"), make_signal("performance", value=0.3))
    world.look(times=6)
    (one,) = world.interventions
    assert (one.playbook, one.status, one.options) == ("quarantine", "proposed", {"column": "age"})


@pytest.mark.parametrize("kind", ["drift", "quality", "latency", "errors"])
def test_alone_none_of_these_sets_anything_off(kind: str) -> None:
    world = ruled(builtin=True)
    world.labels = 0
    world.signals = (make_signal(kind, "age" if kind in ("drift", "quality") else "", version=0),)
    world.measures = {"error_rate": 0.02}
    world.look(times=20)
    assert not world.interventions


def test_they_can_be_switched_off_and_replaced() -> None:
    assert rules_of(ruled(builtin=False).policy) == ()
    own = LoopRuleSpec(name="overload", when="load.high", do="scale")
    found = rules_of(ruled(own, builtin=True).policy)
    assert [rule for rule in found if rule.name == "overload"] == [own]
    assert len(found) == len(BUILTIN)


def test_the_guide_lists_them() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| `(.+?)` \| (\w+) \| (\w+) \|$", PAGE.read_text(), re.M)
    written = [
        (rule.name, rule.when.replace("|", "or"), rule.do, rule.approval or "nobody")
        for rule in BUILTIN
    ]
    assert rows == written
