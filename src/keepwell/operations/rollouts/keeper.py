"""Leads comparisons and watches promotions while `keepwell up` runs, whoever started them.

Everything it knows is in the record, so the next process goes on where this one ended. Stepwise rollouts
(canary, blue-green, all-at-once) are led by the loop, since they may belong to an incident; here their rows
are scored by both versions.
"""

import logging
from typing import TYPE_CHECKING

from keepwell.core.clock import Clock
from keepwell.core.errors import KeepwellError
from keepwell.core.events import acting_as
from keepwell.core.records import GateVerdict, Rollout
from keepwell.operations.build import shortcut
from keepwell.operations.build.bench import Bench
from keepwell.operations.rollouts.evidence import SETTLING, Evidence
from keepwell.operations.rollouts.moves import Move, of_comparison, of_shadow, of_watch

if TYPE_CHECKING:
    from keepwell.deployment.probing import Probe

_log = logging.getLogger(__name__)

NOTED_EVERY = 300.0
"""Seconds between two notes of how a comparison looks; a verdict that changes is noted at once."""


class Keeper:
    """Looks at every rollout that is alive.

    Args:
        bench: The workspace's parts.
        evidence: What rollouts have shown.
        probe: Asks the live endpoint who answers; None where nobody serves.
    """

    def __init__(self, bench: Bench, evidence: Evidence, probe: "Probe | None") -> None:
        self._bench = bench
        self._rollouts = bench.rollouts
        self._clock: Clock = bench.clock
        self._evidence = evidence
        self._probe = probe
        self._noted: dict[str, tuple[float, bool]] = {}

    def look(self) -> list[Move]:
        """Look at every rollout once and do what is to be done; return it."""
        alive = [one for one in self._rollouts.find() if _alive(one)]
        self._evidence.forget(alive)
        moves = []
        for rollout in alive:
            try:
                with acting_as("rollouts"):
                    moves += self._look_at(rollout)
            except KeepwellError as error:
                _log.warning("rollout %s: %s", rollout.id, error)
            except Exception:  # noqa: BLE001 (one rollout's trouble is not the others')
                _log.exception("rollout %s could not be led", rollout.id)
        return moves

    def _look_at(self, rollout: Rollout) -> list[Move]:
        now = self._clock.now()
        if rollout.status == "running":
            if rollout.strategy in ("ab", "bandit"):
                move = self._comparison(rollout, now)
            else:
                self._evidence.pair(rollout, rollout.started + SETTLING)
                if rollout.stepwise:
                    return []
                paired = self._evidence.paired(rollout, rollout.started)
                move = of_shadow(rollout, paired, now)
            self._do(rollout, move, now)
            return [move]
        return [*self._watch(rollout, now), *self._standby(rollout, now)]

    def _comparison(self, rollout: Rollout, now: float) -> Move:
        ratio = self._evidence.ratio(rollout, rollout.history[-1])
        return of_comparison(rollout, self._evidence.arms(rollout), ratio, now)

    def _watch(self, rollout: Rollout, now: float) -> list[Move]:
        if rollout.watched_until is None or rollout.ended is None:
            return []
        endpoint = self._bench.endpoints.read(rollout.endpoint)
        if endpoint.champion != rollout.candidate or endpoint.rollout:
            self._rollouts.release(rollout.id, watched=True)
            return []
        since = rollout.ended + SETTLING
        self._evidence.pair(rollout, since)
        paired = self._evidence.paired(rollout, since)
        errors = self._evidence.errors(rollout, rollout.candidate, since)
        move = of_watch(rollout, paired, errors, now)
        self._do(rollout, move, now)
        return [move]

    def _standby(self, rollout: Rollout, now: float) -> list[Move]:
        found = self._rollouts.get(rollout.id)
        if found is None or found.kept_until is None or now < found.kept_until:
            return []
        self._rollouts.release(rollout.id, kept=True)
        return [Move(verb="release_standby", reason="the time it was kept is over")]

    def _do(self, rollout: Rollout, move: Move, now: float) -> None:
        match move.verb:
            case "hold":
                self._note(rollout, move, now)
            case "reallocate":
                self._rollouts.reallocate(rollout.id, move.weights, move.numbers, move.reason)
            case "complete" | "abort":
                if move.verdict is not None:
                    self._rollouts.judge(rollout.id, move.verdict, move.numbers)
                end = self._rollouts.complete if move.verb == "complete" else self._rollouts.abort
                end(rollout.id, reason=move.reason, verdict=move.verdict, probe=self._probe)
            case "roll_back":
                done = self._rollouts.roll_back(
                    rollout.id, reason=move.reason, verdict=move.verdict, probe=self._probe
                )
                shortcut.forget(self._bench.home.parent)
                _log.warning("rollout %s: %s: %s", rollout.id, done.status, done.notes)
            case "release_watch":
                self._rollouts.release(rollout.id, watched=True)

    def _note(self, rollout: Rollout, move: Move, now: float) -> None:
        verdict = move.verdict or GateVerdict(passed=True)
        noted, passed = self._noted.get(rollout.id, (0.0, not verdict.passed))
        if rollout.status != "running":
            return
        if now - noted >= NOTED_EVERY or passed != verdict.passed:
            self._rollouts.judge(rollout.id, verdict, move.numbers)
            self._noted[rollout.id] = (now, verdict.passed)


def _alive(rollout: Rollout) -> bool:
    watched = rollout.watched_until is not None or rollout.kept_until is not None
    return rollout.status == "running" or (rollout.status == "promoted" and watched)
