"""A simulated endpoint with rules."""

from dataclasses import replace
from typing import Any

from keepwell.core.records import Intervention
from keepwell.core.spec.looping import BoundsSpec, LoopRuleSpec
from keepwell.operations.loop.load import Load
from keepwell.testing.loop_world import LoopWorld, make_policy, make_signal

BUSY = LoopRuleSpec(name="busy", when="latency & load.high", do="scale", cooldown=300.0)
HIGH, NORMAL = Load(rate=90, capacity=100), Load(rate=90, capacity=200)


def ruled(*rules: LoopRuleSpec, builtin: bool = False, **limits: Any) -> LoopWorld:
    """Return a world with these rules and limits."""
    policy = make_policy()
    loop = replace(policy.loop, rules=rules, builtin=builtin, limits=BoundsSpec(**limits))
    return LoopWorld(replace(policy, loop=loop))


def overloaded(world: LoopWorld, *, helps: bool = True, harms: bool = False) -> LoopWorld:
    """Make it slow; more workers help, do nothing, or make it worse."""

    def trouble(milliseconds: float) -> None:
        world.signals = (make_signal("latency", version=0),) if milliseconds > 100 else ()
        world.measures = {"latency_p95_ms": milliseconds, "error_rate": 0.0}

    def acted(one: Intervention) -> None:
        trouble(50.0 if helps else 900.0 if harms else 200.0)
        world.load = NORMAL

    trouble(200.0)
    world.load = HIGH
    world.acted = acted
    world.taken_back = lambda one: trouble(200.0 if harms else 60.0)
    return world


def told(world: LoopWorld) -> list[str]:
    """Return the verbs about interventions."""
    verbs = {
        "propose",
        "intervene",
        "measure",
        "keep",
        "fade",
        "undo",
        "expire",
        "give_up",
        "watch",
    }
    return [verb for verb in world.verbs() if verb in verbs]
