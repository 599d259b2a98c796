"""What people and programs ask of rollouts: start, look, promote, abort, switch back; and deploy at once."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepwell.core.errors import ConflictError, GateError, NotFoundError, UnavailableError
from keepwell.core.records import Endpoint, Rollout
from keepwell.core.spec import RolloutSpec
from keepwell.deployment.endpoints import must_be_served
from keepwell.infrastructure.codec import to_plain
from keepwell.operations.build import shortcut
from keepwell.operations.build.bench import Bench
from keepwell.operations.rollouts.arms import Arm, decide
from keepwell.operations.rollouts.awaiting import Awaited, Patience, awaited
from keepwell.operations.rollouts.evidence import Evidence, with_chances
from keepwell.operations.rollouts.posteriors import chances_of_best

if TYPE_CHECKING:
    from keepwell.deployment.probing import Probe

FOLLOWED_WITHIN = 15.0


class Desk:
    """Rollouts as commands and requests see them; changes are seen to be true where somebody serves.

    Args:
        bench: The workspace's parts.
        evidence: What rollouts have shown.
        probe: Gives what asks the live endpoint, None where nobody serves.
    """

    def __init__(
        self, bench: Bench, evidence: Evidence, probe: "Callable[[], Probe | None]"
    ) -> None:
        self._bench = bench
        self._rollouts = bench.rollouts
        self._evidence = evidence
        self._probe = probe

    def start(
        self,
        endpoint: str,
        versions: Sequence[int],
        spec: RolloutSpec,
        *,
        weights: Mapping[int, float] | None = None,
        why: str = "",
        force: bool = False,
    ) -> Rollout:
        """Start a rollout.

        Raises:
            NotFoundError: If there is no such endpoint or version.
            GateError: If a version did not pass its gate, unless `force`; a shadow needs no gate.
            ConflictError: If a rollout is in progress there.
            UsageError: If it cannot be carried out so.
        """
        record = self._bench.endpoints.read(endpoint)
        must_be_served(record)
        for version in versions:
            self._check_gate(record, version, force=force or spec.strategy == "shadow")
        return self._rollouts.start(
            endpoint, versions, spec=spec, reason=why, probe=self._probe(), weights=weights
        )

    def promote(self, rollout: str, version: int | None = None) -> Rollout:
        """Make the candidate, or the named one of several, champion.

        Raises:
            UnavailableError: If it is not seen to answer everything; the rollout goes on.
        """
        found = self._rollouts.promote(rollout, version=version, probe=self._probe())
        shortcut.forget(self._bench.spec.root)
        return _seen(found, "promoted", "completed")

    def abort(self, rollout: str, why: str) -> Rollout:
        """Give all traffic back to the champion."""
        found = self._rollouts.abort(rollout, reason=why, probe=self._probe())
        return _seen(found, "aborted", "promoted", "completed", "rolled_back")

    def back(self, rollout: str, why: str) -> Rollout:
        """Take a promotion back: the version before is champion again."""
        found = self._rollouts.roll_back(rollout, reason=why, probe=self._probe())
        shortcut.forget(self._bench.spec.root)
        return _seen(found, "rolled_back")

    def deploy(self, endpoint: str, version: int, why: str, *, force: bool = False) -> Endpoint:
        """Give a version all traffic at once, and see that it answers.

        Raises:
            GateError: If it did not pass its gate, unless `force`.
            ConflictError: If a rollout is in progress.
        """
        from keepwell.deployment.probing import disagreement

        spec = self._bench.spec
        record = self._bench.endpoints.get(endpoint)
        if record is not None:
            must_be_served(record)
        if record is not None and record.rollout:
            raise ConflictError(
                f"a rollout of '{endpoint}' is running",
                why=f"rollout {record.rollout} decides who serves next",
                now="wait for it (keepwell rollout status), or end it: keepwell rollout promote, or abort",
            )
        model = record.model if record is not None else spec.name
        self._bench.registry.point(model, "champion", version, why=why, force=force)
        done = self._bench.endpoints.deploy(endpoint, model, version, why, key=spec.data.key)
        shortcut.forget(spec.root)
        probe = self._probe()
        seen = disagreement(done, probe) if probe is not None else ""
        if seen:
            raise ConflictError(
                f"version {version} was deployed to '{endpoint}', and does not answer everything",
                why=seen,
                now="keepwell status shows what the workers say; keepwell models rollback goes back",
            )
        return done

    def find(self, word: str, endpoint: str = "") -> Rollout:
        """Return a rollout by its id, the beginning of it, or `latest`.

        Raises:
            NotFoundError: If there is none.
        """
        found = self._rollouts.find(endpoint)
        for rollout in found:
            if word in ("latest", "") or rollout.id.startswith(word.upper()):
                return rollout
        raise NotFoundError(
            f"there is no rollout '{word}'" if found else "there has been no rollout yet",
            why=f"the newest are {', '.join(one.id for one in found[:3])}" if found else "",
            now="keepwell rollout history" if found else "keepwell rollout start VERSION",
        )

    def describe(self, rollout: Rollout) -> dict[str, Any]:
        """Return a rollout with everything that it has shown, JSON-ready."""
        document = to_plain(rollout)
        document["versions"] = list(rollout.arms)
        found = self.awaits(rollout)
        document["awaits"] = None if found is None else to_plain(found)
        if rollout.strategy in ("ab", "bandit"):
            return {**document, **self._comparison(rollout)}
        step = rollout.history[-1]
        ended = rollout.status in ("promoted", "rolled_back", "rollback_failed")
        since = rollout.ended if ended and rollout.watch and rollout.ended else rollout.started
        document["paired"] = to_plain(self._evidence.paired(rollout, since))
        if 0 < step.percent < 100:  # noqa: PLR2004 (else nothing is divided)
            document["ratio"] = to_plain(self._evidence.ratio(rollout, step))
        return document

    def awaits(self, rollout: Rollout) -> Awaited | None:
        """Return what a rollout waits for, None if for nothing."""
        from keepwell.operations.loop.policy import Limits

        limits, rows = Limits(), 0
        if rollout.status == "running":
            step = rollout.history[-1]
            if rollout.strategy == "shadow" or (rollout.stepwise and step.percent == 0):
                rows = self._evidence.paired(rollout, step.started).rows
            elif rollout.stepwise:
                rows = self._evidence.rows(rollout, rollout.candidate, step.started)
        patience = Patience(
            rows=limits.step_requests, holds=limits.patience, unsure=limits.when_unsure
        )
        served = self._probe() is not None
        return awaited(rollout, rows, self._bench.clock.now(), patience, served=served)

    def _comparison(self, rollout: Rollout) -> dict[str, Any]:
        arms = self._evidence.arms(rollout)
        noted = {one["version"]: one for one in rollout.history[-1].numbers.get("arms", ())}
        arms = [_with_errors(arm, noted.get(arm.version)) for arm in arms]
        chances = chances_of_best({arm.version: arm.rewards for arm in arms}, rollout.id)
        ratio = self._evidence.ratio(rollout, rollout.history[-1])
        decision = decide(arms, ratio.detail if ratio.mismatch else "")
        return {
            "arms": [
                {**to_plain(arm), "mean": arm.rewards.mean} for arm in with_chances(arms, chances)
            ],
            "ratio": to_plain(ratio),
            "decision": decision.text,
            "winner": decision.winner,
        }

    def _check_gate(self, record: Endpoint, number: int, *, force: bool) -> None:
        version = self._bench.registry.get(record.model, number)
        if force or version.gate is None or version.gate.passed:
            return
        failed = "; ".join(
            check.detail or check.name for check in version.gate.checks if not check.passed
        )
        raise GateError(
            f"version {number} of '{record.model}' did not pass its gate",
            why=failed,
            now="try it as a shadow, which needs no gate, or add --force",
        )


def _seen(rollout: Rollout, *wanted: str) -> Rollout:
    if rollout.status in wanted:
        return rollout
    raise UnavailableError(
        f"rollout {rollout.id} is not {wanted[0].replace('_', ' ')}: it is"
        f" {rollout.status.replace('_', ' ')}",
        why=rollout.history[-1].finding or rollout.notes or rollout.reason,
        now="try it again, or look: keepwell rollout status",
        details={"rollout": rollout.id, "status": rollout.status},
    )


def _with_errors(arm: Arm, noted: Mapping[str, Any] | None) -> Arm:
    """Return an arm with the errors that the control process counted; the log knows none."""
    if noted is None:
        return arm
    requests = max(arm.requests, int(noted["requests"]))
    return replace(arm, errors=max(arm.errors, int(noted["errors"])), requests=requests)


def settle(publish: Callable[[], int], home: Path) -> None:
    """Publish the routes and wait until every worker follows them."""
    from keepwell.deployment.server.heartbeat import read_heartbeats

    generation, end = publish(), time.monotonic() + FOLLOWED_WITHIN
    while time.monotonic() < end:
        beats = [one for one in read_heartbeats(home) if time.time() - one.beat < FOLLOWED_WITHIN]
        if beats and all(one.generation >= generation for one in beats):
            return
        time.sleep(0.1)
