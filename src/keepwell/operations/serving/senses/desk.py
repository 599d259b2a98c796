"""The loop's desk for people, put together from a workspace's parts."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from keepwell.core.ports import MeasurementStore
from keepwell.operations.build.bench import Bench
from keepwell.operations.loop.incidents import Incidents
from keepwell.operations.loop.interventions.consent import Consent
from keepwell.operations.loop.interventions.desk import LoopDesk, Statuses
from keepwell.operations.loop.policy import Policy
from keepwell.operations.playbooks.registry import Playbooks
from keepwell.operations.serving.effects import planning

if TYPE_CHECKING:
    from keepwell.governance.tokens import Tokens


def loop_desk(
    bench: Bench,
    incidents: Incidents,
    tokens: "Tokens",
    measurements: MeasurementStore,
    playbooks: Callable[[], Playbooks],
) -> LoopDesk:
    """Return how the loop stands, what it did and would do, and people's word."""
    spec = bench.spec
    consent = Consent(
        incidents,
        bench.clock,
        spec.loop.limits,
        tokens.holder,
        planning(playbooks),
    )
    return LoopDesk(
        incidents,
        Statuses(measurements),
        consent,
        lambda: [one.name for one in bench.endpoints.find()],
        Policy(loop=spec.loop, rollout=spec.serve.rollout, monitor=spec.monitor),
        bench.clock,
    )
