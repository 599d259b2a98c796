"""A new version is worse, or fails."""

from keepwell.testing.scenarios.scenario import Expected, Scenario
from keepwell.testing.scenarios.stage import Stage


def _worse(stage: Stage) -> None:
    stage.live(1)
    stage.deploy(turned=True)
    stage.live(3)


def _failing(stage: Stage) -> None:
    stage.live(1)
    version = stage.deploy()
    stage.traffic.failing[version] = 0.3
    stage.live(3)


def _later(stage: Stage) -> None:
    stage.live(1)
    version = stage.deploy(strategy="all-at-once")
    stage.live(1)
    stage.traffic.failing[version] = 0.3
    stage.live(3)


def _at_once(stage: Stage) -> None:
    stage.live(1)
    stage.traffic.failing[stage.deploy_at_once()] = 0.3
    stage.live(6)


SCENARIOS = (
    Scenario(
        name="worse_candidate",
        story="Somebody rolls out a version that answers the other way round.",
        fault=_worse,
        expected=Expected(actions=("abort",), absent=("performance",)),
        needs=("binary", "outcomes"),
    ),
    Scenario(
        name="failing_candidate",
        story="Somebody rolls out a version that fails three requests in ten.",
        fault=_failing,
        expected=Expected(actions=("abort",)),
    ),
    Scenario(
        name="errors_after_promotion",
        story="A version was promoted; then it begins to fail three requests in ten.",
        fault=_later,
        expected=Expected(actions=("promote", "roll_back")),
    ),
    Scenario(
        name="bad_deployment",
        story="A version comes behind the endpoint without a trial, and fails three requests in ten.",
        fault=_at_once,
        expected=Expected(
            signals=("errors",),
            cause="deployment",
            actions=("open_incident", "intervene", "close:healed"),
            once=("intervene",),
        ),
    ),
)
