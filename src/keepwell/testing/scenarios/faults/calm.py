"""Nothing is wrong: the loop must know that, too."""

from keepwell.testing.scenarios.faults.bends import absurd
from keepwell.testing.scenarios.scenario import Expected, Scenario
from keepwell.testing.scenarios.stage import Stage

_INPUTS = ("drift", "joint_drift", "slice_drift", "prediction_drift", "quality")


def _nothing(stage: Stage) -> None:
    stage.live(3)


def _season(stage: Stage) -> None:
    stage.clock.advance(30 * 86400.0)  # a season does not come overnight
    _, stage.traffic.kept = stage.rows.season()
    stage.live(3)


def _outliers(stage: Stage) -> None:
    stage.traffic.change = absurd(stage.columns.number, 0.03, 50.0)
    stage.live(1)
    stage.traffic.change = lambda row, random: row
    stage.live(2)


def _burst(stage: Stage) -> None:
    stage.traffic.rows *= 15
    stage.live(2)
    stage.traffic.rows //= 15
    stage.live(1)


def _clock(stage: Stage) -> None:
    stage.live(1)
    stage.clock.advance(3 * 86400.0)
    stage.live(2)


def _twice(stage: Stage) -> None:
    stage.traffic.again = 2
    stage.live(3)


SCENARIOS = (
    Scenario(
        name="calm",
        story="A day like any other.",
        fault=_nothing,
        expected=Expected(silent=True, absent=(*_INPUTS, "performance", "concept_drift")),
    ),
    Scenario(
        name="season",
        story="The season comes in which a column was furthest from its mean; training has seen it before.",
        fault=_season,
        expected=Expected(silent=True, absent=_INPUTS),
        needs=("season",),
    ),
    Scenario(
        name="outlier_batch",
        story="One batch holds a few absurd values.",
        fault=_outliers,
        expected=Expected(silent=True),
        needs=("number",),
    ),
    Scenario(
        name="traffic_burst",
        story="Fifteen times as many requests come for half an hour, and they are like all others.",
        fault=_burst,
        expected=Expected(silent=True, absent=_INPUTS),
    ),
    Scenario(
        name="clock_jump",
        story="The clock jumps three days ahead.",
        fault=_clock,
        expected=Expected(silent=True, absent=(*_INPUTS, "performance")),
    ),
    Scenario(
        name="duplicate_feedback",
        story="Every outcome is told three times, the later ones saying the opposite.",
        fault=_twice,
        expected=Expected(silent=True, absent=("performance", "concept_drift")),
        needs=("outcomes",),
    ),
)
