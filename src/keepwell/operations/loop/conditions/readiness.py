"""Conditions about whether a retraining may start: evidence, permission, nothing else going on."""

from dataclasses import dataclass

from keepwell.operations.loop.conditions.base import Condition, Finding
from keepwell.operations.loop.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class EnoughLabels(Condition):
    """Holds if `loop.retrain.min_labels` outcomes came since the last training, or none are needed."""

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        task = view.champion.signature.task
        if task.from_source:
            return Finding(
                holds=True, reason=f"{task.value} is retrained from the source, without outcomes"
            )
        needed = view.policy.loop.retrain.min_labels
        holds = view.labels >= needed
        return Finding(
            holds=holds,
            reason=f"there are outcomes enough (at least {needed:,} since the last training)"
            if holds
            else f"{needed:,} outcomes since the last training are needed to learn from: post them to"
            f" /endpoints/{view.endpoint.name}/feedback",
            numbers={"labels": view.labels, "labels_needed": needed},
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
