"""What arrives is damaged on its way: retraining would learn the damage."""

from keepwell.testing.scenarios.faults.bends import as_text, gone, renamed, stuck, times
from keepwell.testing.scenarios.scenario import Expected, Scenario
from keepwell.testing.scenarios.stage import Stage


def _renamed(stage: Stage) -> None:
    stage.traffic.change = renamed(stage.columns.number)
    stage.live(4)


def _type(stage: Stage) -> None:
    stage.traffic.change = as_text(stage.columns.number)
    stage.live(4)


def _nulls(stage: Stage) -> None:
    stage.traffic.change = gone(stage.columns.optional, 0.6)
    stage.live(4)


def _unit(stage: Stage) -> None:
    stage.traffic.change = times(stage.columns.number, 1000.0)
    stage.live(4)


def _constant(stage: Stage) -> None:
    column = stage.columns.second
    usual = sorted(row[column] for row in stage.rows.all() if row[column] is not None)
    stage.traffic.change = stuck(column, usual[len(usual) // 2])
    stage.live(4)


SCENARIOS = (
    Scenario(
        name="column_renamed",
        story="Upstream calls the most important column by another name from now on.",
        fault=_renamed,
        expected=Expected(
            signals=("quality",), cause="upstream", actions=("open_incident", "tell")
        ),
        needs=("number",),
    ),
    Scenario(
        name="column_type_changed",
        story="Upstream sends the most important column as text with a unit.",
        fault=_type,
        expected=Expected(
            signals=("quality",), cause="upstream", actions=("open_incident", "tell")
        ),
        needs=("number",),
    ),
    Scenario(
        name="nulls_upstream",
        story="A column that was missing now and then is missing in most rows.",
        fault=_nulls,
        expected=Expected(
            signals=("quality:{optional}",),
            cause="upstream: '{optional}'",
            actions=("open_incident", "tell"),
        ),
        needs=("optional",),
    ),
    Scenario(
        name="unit_changed",
        story="The most important column comes a thousand times as large.",
        fault=_unit,
        expected=Expected(
            signals=("quality:{number}",),
            cause="upstream: '{number}'",
            actions=("open_incident", "tell"),
        ),
        needs=("number",),
    ),
    Scenario(
        name="column_constant",
        story="A column says the same in every row.",
        fault=_constant,
        expected=Expected(
            signals=("drift:{second}", "quality:{second}"),
            cause="upstream: '{second}'",
            actions=("open_incident", "tell"),
        ),
        needs=("second",),
    ),
)
