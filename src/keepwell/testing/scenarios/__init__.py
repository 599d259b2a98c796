"""Scripted faults, each with what should be seen and done: does the loop notice, understand, and act?

    from keepwell.testing.scenarios import SCENARIOS, run

    @pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
    def test_the_loop_copes(scenario):
        verdict = run(scenario)
        assert verdict.passed, verdict.details["wrong"]

`python -m keepwell.testing.scenarios` plays them all and prints the score; `--project DIR` plays them against
a copy of one's own project. A scenario of one's own is a `Scenario` with a function that bends a `Stage`.
"""

from keepwell.testing.scenarios.catalogue import SCENARIOS
from keepwell.testing.scenarios.ground import Ground
from keepwell.testing.scenarios.running import play, project_ground, run, score, usual_ground
from keepwell.testing.scenarios.scenario import Expected, Scenario, Verdict
from keepwell.testing.scenarios.stage import Stage

__all__ = [
    "SCENARIOS",
    "Expected",
    "Ground",
    "Scenario",
    "Stage",
    "Verdict",
    "play",
    "project_ground",
    "run",
    "score",
    "usual_ground",
]
