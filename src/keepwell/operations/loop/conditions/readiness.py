"""Conditions about whether a retraining may start: evidence, permission, nothing else going on."""

from dataclasses import dataclass

from keepwell.operations.loop.conditions.base import Condition, Finding
from keepwell.operations.loop.retrainings import Retraining
from keepwell.operations.loop.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class EnoughLabels(Condition):
    """Holds if outcomes enough came since the last training, or none are needed.

    Enough are `loop.retrain.min_labels`, and twice as many after each challenger in a row that was no
    better than the champion that still serves: the same evidence again would show the same.
    """

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        task = view.champion.signature.task
        if task.from_source:
            return Finding(
                holds=True, reason=f"{task.value} is retrained from the source, without outcomes"
            )
        needed = labels_needed(view)
        holds = view.labels >= needed
        return Finding(
            holds=holds,
            reason=f"there are outcomes enough (at least {needed:,} since the last training)"
            if holds
            else f"{needed:,} outcomes since the last training are needed to learn from: post them to"
            f" /endpoints/{view.endpoint.name}/feedback",
            numbers={"labels": view.labels, "labels_needed": needed},
        )


def labels_needed(view: View) -> int:
    """Return how many outcomes must have come since the last training."""
    least, futile = view.policy.loop.retrain.min_labels, 0
    for one in reversed(view.memory.retrainings):
        if one.settled == "rolled_out" or one.baseline != view.champion.version:
            break
        futile += one.settled == "rejected" and one.mode != "prove"  # one that died showed nothing
    return least << min(futile, view.policy.limits.doublings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unproven:
    """A challenger that was likely better than the champion that still serves.

    Attributes:
        version: Which.
        since: When its training was decided: rows since it was trained are new to both.
        needed: Outcomes for predictions since then that its next proof takes.
        proofs: How often it was held against the champion again.
    """

    version: int
    since: float
    needed: int
    proofs: int


def unproven(view: View) -> Unproven | None:
    """Return the challenger of the newest retraining, if more rows may prove it better.

    It is compared again once as many new rows are there as it was first tested on, then twice and four
    times as many; then it is given up, as it is once it is not even likely better, or another was trained.
    """
    trained = [one for one in view.memory.retrainings if one.mode != "prove"]
    latest = trained[-1] if trained else None
    if latest is None or latest.settled != "rejected" or not latest.unproven:
        return None
    proofs = proofs_of(view, latest.candidate)
    over = any(
        one.settled == "rolled_out" or not (one.unproven or one.settled == "failed")
        for one in proofs
    )
    if over or latest.baseline != view.champion.version or len(proofs) >= view.policy.limits.proofs:
        return None
    return Unproven(
        version=latest.candidate,
        since=latest.decided,
        needed=latest.unproven << len(proofs),
        proofs=len(proofs),
    )


def proofs_of(view: View, version: int) -> list[Retraining]:
    """Return how a version was compared again, oldest first; the running one is among them."""
    return [
        one for one in view.memory.retrainings if one.mode == "prove" and one.candidate == version
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofDue(Condition):
    """Holds if outcomes enough came to compare a challenger that was likely better once more."""

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        waiting = unproven(view)
        if waiting is None:
            return Finding(holds=False, reason="no challenger waits for its proof")
        return Finding(
            holds=view.labels >= waiting.needed,
            reason=f"version {waiting.version} may be better than version {view.champion.version}:"
            f" {waiting.needed:,} outcomes that are new to both can tell",
            numbers={"labels": view.labels, "labels_needed": waiting.needed},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsHaveGrown(Condition):
    """Holds if `growth` calls for a new model, and there are many more rows than the champion knew.

    More rows of the same world teach less and less: each time it takes twice as many, so that a model is
    trained anew a few times while there is much to gain, and hardly ever later.
    """

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        policy, known, learnt = view.policy, view.known, view.learnt
        if "growth" not in policy.loop.retrain.on or not policy.trains or not learnt:
            return Finding(holds=False, reason="nothing is trained because rows have grown")
        grown = known >= policy.limits.growth * learnt
        new = not view.champion.signature.task.from_source and view.labels >= labels_needed(view)
        return Finding(
            holds=grown and new,
            reason=f"{known:,} rows with outcomes are known; version {view.champion.version} knew {learnt:,}",
            numbers={"known": known, "learnt": learnt},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopEnabled(Condition):
    """Holds unless the project file says `loop: {enabled: false}`."""

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        enabled = view.policy.loop.enabled
        return Finding(
            holds=enabled,
            reason="the loop may act"
            if enabled
            else "the project file says loop.enabled: false; `keepwell run` retrains by hand",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutRunning(Condition):
    """Holds while a version is on trial, whoever started that."""

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        rollout = view.rollout
        if rollout is None:
            return Finding(holds=False, reason="no version is on trial")
        return Finding(holds=True, reason=f"version {rollout.candidate} is on trial")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainingPending(Condition):
    """Holds while a retraining runs, or waits for its result to be settled."""

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        if view.retraining is None:
            return Finding(holds=False, reason="no retraining is under way")
        return Finding(holds=True, reason=f"the retraining {view.retraining.id} is under way")


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptsLeft(Condition):
    """Holds if the open incident has not used up its retrainings."""

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        used = view.incident.attempts if view.incident else 0
        allowed = view.policy.limits.attempts
        return Finding(
            holds=used < allowed,
            reason="retrainings are left"
            if used < allowed
            else f"all {allowed} retrainings of this incident are used up",
            numbers={"attempts": used, "attempts_allowed": allowed},
        )
