"""Inputs move, and what follows from them stays."""

from keepwell.testing.scenarios.faults.bends import labelled, tilted
from keepwell.testing.scenarios.scenario import Expected, Scenario
from keepwell.testing.scenarios.stage import Stage

_TRIED = ("open_incident", "retrain", "reject", "close:no_change")


def _sudden(stage: Stage) -> None:
    stage.traffic.kept = tilted(stage)
    stage.live(5)


def _gradual(stage: Stage) -> None:
    for look in range(6):
        stage.traffic.kept = tilted(stage, 0.2 * look)
        stage.live(1)
    stage.live(2)


def _slice(stage: Stage) -> None:
    column = stage.workspace.spec.monitor.slices[0]
    label = stage.rows.frequent(column)[1]
    stage.traffic.kept = tilted(stage, where=(column, label))
    stage.live(4)


def _flood(stage: Stage) -> None:
    stage.traffic.change = labelled(stage.columns.category, "Comet", 0.35)
    stage.live(5)


def _flapping(stage: Stage) -> None:
    moved = tilted(stage)
    window = stage.workspace.spec.monitor.window_seconds or 3600.0
    for look in range(8):
        stage.traffic.kept = moved if look % 4 in (0, 1) else []
        stage.live(1, step=window)


SCENARIOS = (
    Scenario(
        name="drift_sudden",
        story="From one hour to the next the most important column moves; a retrained model is no better.",
        fault=_sudden,
        expected=Expected(signals=("drift:{number}",), cause="{number}", actions=_TRIED),
        needs=("number", "outcomes"),
    ),
    Scenario(
        name="drift_gradual",
        story="The most important column moves a little with every quarter of an hour.",
        fault=_gradual,
        expected=Expected(
            signals=("drift:{number}",), cause="{number}", actions=("open_incident", "retrain")
        ),
        needs=("number", "outcomes"),
    ),
    Scenario(
        name="drift_in_one_slice",
        story="The most important column moves in the rows of one label only.",
        fault=_slice,
        expected=Expected(
            signals=("slice_drift:{number}",),
            cause="{number}",
            actions=("open_incident", "retrain"),
        ),
        needs=("number", "slices", "outcomes"),
    ),
    Scenario(
        name="new_category",
        story="A label that training never saw comes in a third of the rows.",
        fault=_flood,
        expected=Expected(
            signals=("quality:{category}", "drift:{category}"),
            cause="{category}",
            actions=("open_incident", "retrain"),
        ),
        needs=("category", "outcomes"),
    ),
    Scenario(
        name="flapping_drift",
        story="A column moves and comes back, again and again.",
        fault=_flapping,
        expected=Expected(
            signals=("drift:{number}",),
            cause="{number}",
            actions=("open_incident", "retrain"),
            once=("open_incident", "retrain"),
        ),
        needs=("number", "outcomes"),
    ),
)
