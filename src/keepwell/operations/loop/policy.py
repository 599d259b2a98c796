"""What the loop may do without asking, how often, and how sure it must be."""

from dataclasses import dataclass, field

from keepwell.core.spec import MonitorSpec, RolloutSpec
from keepwell.core.spec.looping import LoopSpec

RETRAINABLE = {
    "drift": frozenset({"drift", "prediction_drift", "joint_drift", "slice_drift"}),
    "performance": frozenset({"performance", "concept_drift"}),
}
"""Which signals each word of `loop.retrain.on` stands for. Errors, latency and damaged
inputs are not mended by retraining, so no word stands for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The numbers behind the loop's patience. Each default is the documented default.

    Attributes:
        looks: Looks in a row that must show a signal before an incident opens.
        quiet_looks: Looks in a row without any signal that close an incident nobody had to act on.
        most_quiet_looks: Each time an incident had to be gone on with, it takes twice as many; never more.
        regrowth: How many times its accepted value a drift must reach to count again.
        attempts: Retrainings per incident, the first one included.
        growth: A model is trained anew once so many times as many rows are known as it learned from.
        doublings: How often, at most, challengers that are no better double the outcomes that are needed.
        proofs: How often a challenger that was likely better is held against the champion again.
        resumes: How often a retraining is started again after its process died.
        failures: Effects in a row that may fail before the loop gives up on what it was doing.
        retraining_seconds: A retraining still running after that is stopped; never less than ten
            times its budget.
        rest: After an incident closed as `failed`, the same signals open no other one for this many
            cooldowns.
        step_requests: Answers that each step of a rollout needs to be judged.
        patience: A step that lacks evidence is held for at most this many holds …
        when_unsure: … and then decided so: `advance` (the candidate passed its gate, and nothing
            speaks against it) or `abort`.
        error_margin: How much more often than the baseline a candidate may fail.
        latency_factor: How many times slower than the baseline its 95th percentile may be …
        latency_floor_ms: … if that is also slower by this many milliseconds …
        latency_requests: … and both answered so many requests: a 95th percentile of fewer is chance.
        prediction_shift: How far its live predictions may be from those of its own evaluation …
        prediction_margin: … if that is also further by this much than the baseline's.
        quality_margin: How far the best of its metric's interval may lie under the worst of the
            baseline's.
        verify_windows: An incident that was acted on must be seen healed within this many monitor
            windows plus the usual delay of outcomes.
        verify_seconds: The least time that it is given.
        proposal_seconds: A proposal that nobody agrees to expires after this long.
        settle_looks: What was done is measured after this many looks …
        settle_seconds: … and not before this long.
    """

    looks: int = 2
    quiet_looks: int = 3
    most_quiet_looks: int = 48
    regrowth: float = 1.5
    attempts: int = 3
    growth: float = 2.0
    doublings: int = 4
    proofs: int = 3
    resumes: int = 2
    failures: int = 3
    retraining_seconds: float = 3600.0
    rest: float = 4.0
    step_requests: int = 30
    patience: float = 3.0
    when_unsure: str = "advance"
    error_margin: float = 0.01
    latency_factor: float = 1.5
    latency_floor_ms: float = 25.0
    latency_requests: int = 100
    prediction_shift: float = 0.25
    prediction_margin: float = 0.1
    quality_margin: float = 0.0
    verify_windows: float = 3.0
    verify_seconds: float = 60.0
    proposal_seconds: float = 86400.0
    settle_looks: int = 3
    settle_seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Everything the project file says about the loop, with the limits that it leaves alone.

    Attributes:
        budget: Seconds that a retraining may use where `loop.retrain.budget` says nothing.
        trains: Whether anything is retrained, on a signal or on schedule: not what is served elsewhere.
    """

    loop: LoopSpec = field(default_factory=LoopSpec)
    rollout: RolloutSpec = field(default_factory=RolloutSpec)
    monitor: MonitorSpec = field(default_factory=MonitorSpec)
    limits: Limits = Limits()
    budget: float = 60.0
    trains: bool = True

    @property
    def retrainable(self) -> frozenset[str]:
        """Kinds of signals that a retraining may answer."""
        if not self.trains:
            return frozenset()
        words = self.loop.retrain.on
        bound = frozenset({"alert_retrain"})  # a rule of `alerts:` says so itself
        return bound.union(*(RETRAINABLE.get(word, frozenset()) for word in words))

    @property
    def retraining_budget(self) -> float:
        """Seconds that one retraining may use."""
        return self.loop.retrain.budget or self.budget

    @property
    def retraining_deadline(self) -> float:
        """Seconds after which a retraining counts as hung."""
        return max(self.limits.retraining_seconds, 10 * self.retraining_budget)

    @property
    def verify_deadline(self) -> float:
        """Seconds after a promotion within which the endpoint must be seen healed."""
        window = self.monitor.window_seconds or 3600.0
        wanted = self.monitor.labels_delay + self.limits.verify_windows * window
        return max(wanted, self.limits.verify_seconds, 10 * self.monitor.every)

    @property
    def relapse(self) -> float:
        """Seconds within which signals that come back are those of the incident that they left."""
        return max(self.loop.retrain.cooldown, self.monitor.window_seconds or 3600.0)

    @property
    def settle(self) -> float:
        """Seconds after which what was done is measured."""
        return max(self.limits.settle_seconds, self.limits.settle_looks * self.monitor.every)

    @property
    def rest(self) -> float:
        """Seconds for which a failed incident's signals open no other one."""
        return self.limits.rest * max(self.loop.retrain.cooldown, self.monitor.every)
