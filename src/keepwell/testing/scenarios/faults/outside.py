"""Something happens elsewhere."""

from keepwell.testing.scenarios.scenario import Expected, Scenario
from keepwell.testing.scenarios.stage import Stage


def _alert(stage: Stage) -> None:
    alert = {
        "title": "Feature store is down",
        "severity": "critical",
        "endpoint": stage.endpoint.name,
    }
    stage.workspace.notices.tell("generic", alert)
    stage.live(3)
    stage.workspace.notices.tell("generic", {**alert, "resolved": True})
    stage.live(4)


def _silence(stage: Stage) -> None:
    stage.live(2)
    stage.traffic.rows = 0
    stage.live(8, step=2 * stage.step)


SCENARIOS = (
    Scenario(
        name="outage_upstream",
        story="Another monitoring system says that the feature store is down, and later that it is up again.",
        fault=_alert,
        expected=Expected(
            signals=("external",), actions=("open_incident", "tell", "close:no_change")
        ),
    ),
    Scenario(
        name="traffic_stops",
        story="Nobody asks any more; a rule of `alerts:` says that this is missed.",
        fault=_silence,
        expected=Expected(signals=("alert",), actions=("open_incident",)),
        needs=("silence",),
    ),
)
