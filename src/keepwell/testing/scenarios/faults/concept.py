"""What follows from the inputs changes, or what is told of it is wrong."""

from keepwell.testing.scenarios.faults.bends import turned, turned_above_the_middle
from keepwell.testing.scenarios.scenario import Expected, Scenario
from keepwell.testing.scenarios.stage import Stage
from keepwell.testing.scenarios.traffic import as_it_was

_DAY = 86400.0


def _concept(stage: Stage) -> None:
    stage.traffic.truth = turned_above_the_middle(stage)
    stage.live(11)


def _late(stage: Stage) -> None:
    stage.traffic.truth = turned_above_the_middle(stage)
    stage.traffic.delay = _DAY
    stage.live(4)


def _poison(stage: Stage) -> None:
    stage.traffic.truth = turned(stage)
    stage.live(1)
    stage.traffic.truth = as_it_was
    stage.live(6)


def _vanished(stage: Stage) -> None:
    first = str(stage.rows.classes[0])
    target = stage.rows.signature.target
    stage.traffic.kept = [row for row in stage.rows.all() if str(row[target]) == first]
    stage.live(4)


SCENARIOS = (
    Scenario(
        name="concept_change",
        story="For half of the rows the opposite is true now, and every input is as ever.",
        fault=_concept,
        expected=Expected(
            signals=("performance",),
            absent=("drift", "quality"),
            cause="the relation between inputs and outcome changed",
            actions=("open_incident", "retrain", "start_rollout", "promote", "close:healed"),
        ),
        needs=("number", "outcomes"),
        trains=True,
    ),
    Scenario(
        name="labels_late",
        story="The relation has changed, and outcomes come a day late: nobody can know yet.",
        fault=_late,
        expected=Expected(silent=True, absent=("performance", "concept_drift")),
        needs=("number", "outcomes"),
    ),
    Scenario(
        name="poisoned_outcomes",
        story="The outcomes of a quarter of an hour are told the wrong way round, all others are right.",
        fault=_poison,
        expected=Expected(signals=("performance",), actions=("open_incident", "retrain", "reject")),
        needs=("outcomes",),
        trains=True,
    ),
    Scenario(
        name="class_vanishes",
        story="Only cases of one class come any more.",
        fault=_vanished,
        expected=Expected(signals=("prediction_drift",), actions=("open_incident", "retrain")),
        needs=("classes", "outcomes"),
    ),
)
