"""A challenger of the loop goes on trial."""

from dataclasses import replace
from typing import TYPE_CHECKING

from keepwell.core.spec import RolloutSpec
from keepwell.operations.build.bench import Bench

if TYPE_CHECKING:
    from keepwell.deployment.probing import Probe


def start_trial(
    bench: Bench,
    endpoint: str,
    candidate: int,
    *,
    incident: str,
    why: str,
    probe: "Probe | None",
) -> str:
    """Start the project's rollout of a candidate, once, and return its id.

    A comparison that may go on for weeks makes room: a model that heals goes first.
    """
    for known in bench.rollouts.find(endpoint):
        if known.candidate == candidate and known.incident == incident:
            return known.id
    spec: RolloutSpec = bench.spec.serve.rollout
    if spec.strategy in ("shadow", "ab", "bandit"):  # these leave the decision to people
        spec = replace(spec, strategy="canary")
    running = bench.rollouts.running(endpoint)
    if running is not None and not running.stepwise:
        reason = f"the loop needs the endpoint to try version {candidate}"
        bench.rollouts.complete(running.id, reason=reason, probe=probe)
    rollout = bench.rollouts.start(
        endpoint, candidate, spec=spec, reason=why, incident=incident, probe=probe
    )
    return rollout.id
