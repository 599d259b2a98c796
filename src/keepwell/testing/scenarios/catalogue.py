"""All scenarios, in the order in which they are told."""

from keepwell.testing.scenarios.faults import (
    calm,
    concept,
    deployments,
    drift,
    machines,
    outside,
    upstream,
)
from keepwell.testing.scenarios.scenario import Scenario

SCENARIOS: tuple[Scenario, ...] = (
    *calm.SCENARIOS,
    *drift.SCENARIOS,
    *concept.SCENARIOS,
    *upstream.SCENARIOS,
    *deployments.SCENARIOS,
    *machines.SCENARIOS,
    *outside.SCENARIOS,
)
