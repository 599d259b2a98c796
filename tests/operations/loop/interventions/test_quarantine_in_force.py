"""A quarantine lasts as long as the break upstream, although it heals what the rule saw."""

from dataclasses import replace

from rule_world import ruled, told

from keepwell.core.spec.looping import LoopRuleSpec
from keepwell.testing.loop_world import make_signal


def test_it_stays_until_the_column_is_right_again() -> None:
    rule = LoopRuleSpec(name="broken", when="quality(age) & kpi", do="quarantine", cooldown=300.0)
    world = ruled(rule)
    damaged = make_signal("quality", "age", version=0)
    world.signals = (damaged, make_signal("kpi", "basket", version=0))

    def acted(one: object) -> None:
        world.signals = (replace(damaged, severity=0.0, known="quarantine"),)

    world.acted = acted
    world.look(times=200)
    assert told(world) == ["intervene", "measure"]
    (one,) = world.interventions
    assert one.options == {"column": "age"}
    world.signals = ()
    world.look(times=80)
    assert told(world)[2:] == ["fade", "undo"]
