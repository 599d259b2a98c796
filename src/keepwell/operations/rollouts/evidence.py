"""Gathers what rollouts have shown: from the prediction log, the outcomes, the workers' counts, the pairs."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from keepwell.core.errors import KeepwellError
from keepwell.core.ports import TableStore
from keepwell.core.records import ModelVersion, Profile, Rollout, RolloutStep
from keepwell.operations.build.bench import Bench
from keepwell.operations.build.judge import open_scorer
from keepwell.operations.rollouts.arms import Arm, bounded, rewards_of
from keepwell.operations.rollouts.paired import Paired, compare
from keepwell.operations.rollouts.pairs import PAIRED_ROLES, Answers, Pairs
from keepwell.operations.rollouts.ratio import Ratio, compare_shares

if TYPE_CHECKING:
    import pyarrow as pa

    from keepwell.monitoring.prediction_log import PredictionLog
    from keepwell.operations.serving.traffic_meter import TrafficMeter

SETTLING = 1.0
"""Seconds after a change of routes in which some worker may still answer by the old ones."""

MOST_ROWS = 50_000
_OPEN = 8  # scorers held at a time


class Evidence:
    """What is known of rollouts.

    Args:
        bench: The workspace's parts.
        predictions: The prediction log.
        tables: Where pairs are kept.
        meter: What the workers counted; None where nobody serves.
    """

    def __init__(
        self,
        bench: Bench,
        predictions: "PredictionLog",
        tables: TableStore,
        meter: "TrafficMeter | None" = None,
    ) -> None:
        self._bench = bench
        self._log = predictions
        self._meter = meter
        self._pairs = Pairs(tables, predictions)
        self._scorers: dict[str, Answers] = {}
        self._profiles: dict[str, Profile] = {}

    def version(self, rollout: Rollout, number: int) -> ModelVersion:
        """Return the record of a version that takes part."""
        model = self._bench.endpoints.read(rollout.endpoint).model
        return self._bench.registry.get(model, number)

    def pair(self, rollout: Rollout, since: float) -> int:
        """Score the rows that came in by the other version too; return how many.

        None are where the log keeps a column back that a version takes: they would not be the same rows.
        """
        answered = self._whole(rollout)
        if not answered:
            return 0
        return self._pairs.extend(
            rollout, since, answered, lambda number: self._scorer(self.version(rollout, number))
        )

    def _whole(self, rollout: Rollout) -> dict[int, ModelVersion]:
        """Return the versions whose logged rows hold every column that the other one takes."""
        redacted = set(self._bench.spec.serve.log.redact)
        old, new = (self.version(rollout, one) for one in (rollout.baseline, rollout.candidate))
        columns = {
            one.version: {field.name for field in one.signature.inputs} for one in (old, new)
        }
        logged: set[str] = set()
        if self._bench.endpoints.read(rollout.endpoint).logs:  # rows are logged for both
            logged = set().union(*columns.values())
        return {
            one.version: one
            for one, other in ((old, new), (new, old))
            if columns[other.version] <= (columns[one.version] | logged) - redacted
            and not columns[one.version] & redacted
        }

    def forget(self, but: Sequence[Rollout]) -> None:
        """Let go of what is held for other rollouts."""
        self._pairs.forget([rollout.id for rollout in but])

    def paired(self, rollout: Rollout, since: float) -> Paired:
        """Return how champion and candidate compare on the same rows, asked since a time."""
        pairs = [pair for pair in self._pairs.read(rollout.id) if pair.time >= since]
        outcomes = self._log.outcomes([pair.prediction_id for pair in pairs]) if pairs else {}
        old, new = (self.version(rollout, one) for one in (rollout.baseline, rollout.candidate))
        found = compare(
            pairs,
            {name: outcome.outcome for name, outcome in outcomes.items()},
            old,
            self._profiles_of(old, new),
        )
        if pairs or self._whole(rollout):
            return found
        note = "the log does not hold every column that both versions take: nothing can be compared"
        return replace(found, note=note)

    def ratio(self, rollout: Rollout, step: RolloutStep) -> Ratio:
        """Return whether each version got the keys that the step gives it."""
        shares = shares_of(rollout, step)
        rows = self._answered(rollout, step.started + SETTLING, step.ended)
        counts: dict[int, int] = {}
        for version, keys in keys_of(rows).items():
            counts[version] = len(keys)
        return compare_shares(counts, shares)

    def rows(self, rollout: Rollout, version: int, since: float) -> int:
        """Return how many rows a version answered since a time."""
        import pyarrow.compute as pc

        answered = self._answered(rollout, since, None)
        counted = pc.sum(pc.equal(answered["version"], version)).as_py() if answered.num_rows else 0
        return int(counted or 0)

    def slow(
        self, rollout: Rollout, version: int, since: float, limit_ms: float
    ) -> tuple[int, int]:
        """Return how many requests a version answered slower than a limit, and how many in all."""
        taken = self._latencies(rollout, version, since)
        return sum(one > limit_ms for one in taken), len(taken)

    def arms(self, rollout: Rollout, since: float | None = None) -> list[Arm]:
        """Return what each version of a comparison did, the champion first.

        Outcomes count from the rollout's start, whatever the shares were since.
        """
        import numpy as np

        begin = rollout.started + SETTLING if since is None else since
        rows = self._answered(rollout, begin, rollout.ended)
        keys = keys_of(rows)
        traffic = self._meter.since(rollout.endpoint, begin) if self._meter is not None else {}
        last = rollout.history[-1]
        arms, values = [], {}
        for number in rollout.arms:
            taken = self._latencies(rollout, number, begin)
            counted = traffic.get(number)
            arms.append(
                Arm(
                    version=number,
                    share=shares_of(rollout, last).get(number, 0.0),
                    keys=len(keys.get(number, ())),
                    rows=sum(version == number for version in rows["version"].to_pylist()),
                    requests=counted.requests if counted is not None else 0,
                    errors=counted.errors if counted is not None else 0,
                    latency_p95_ms=float(np.percentile(taken, 95)) if taken else None,
                )
            )
            values[number] = self.rewards(rollout, number, begin)
        return bounded(arms, values)

    def rewards(self, rollout: Rollout, number: int, since: float) -> list[float]:
        """Return what came of a version's answers since a time."""
        labelled = self._log.labelled(
            rollout.endpoint,
            since=since,
            until=rollout.ended,
            version=number,
            columns=["time", "role", "prediction"],
        )
        import pyarrow.compute as pc

        if labelled.num_rows:
            labelled = labelled.filter(pc.is_in(labelled["role"], value_set=_roles()))
        return rewards_of(labelled, self.version(rollout, number), rollout.reward)

    def errors(self, rollout: Rollout, version: int, since: float) -> tuple[int, int]:
        """Return how many requests a version failed since a time, and how many it was asked."""
        if self._meter is None:
            return 0, 0
        counted = self._meter.since(rollout.endpoint, since).get(version)
        return (counted.errors, counted.requests) if counted is not None else (0, 0)

    def _answered(self, rollout: Rollout, since: float, until: float | None) -> "pa.Table":
        import pyarrow.compute as pc

        rows = self._log.window(
            rollout.endpoint,
            rows=MOST_ROWS,
            since=since,
            until=until,
            columns=["time", "version", "role", "key", "request"],
        )
        return rows.filter(pc.is_in(rows["role"], value_set=_roles())) if rows.num_rows else rows

    def _latencies(self, rollout: Rollout, version: int, since: float) -> list[float]:
        rows = self._log.window(
            rollout.endpoint,
            rows=MOST_ROWS,
            since=since,
            until=rollout.ended if rollout.status == "completed" else None,
            version=version,
            columns=["request", "latency_ms"],
        )
        pairs = zip(rows["request"].to_pylist(), rows["latency_ms"].to_pylist(), strict=True)
        return list(dict(pairs).values())

    def _scorer(self, version: ModelVersion) -> Answers:
        if version.key not in self._scorers:
            while len(self._scorers) >= _OPEN:
                del self._scorers[next(iter(self._scorers))]
            self._scorers[version.key] = open_scorer(self._bench, version)
        return self._scorers[version.key]

    def _profiles_of(self, *versions: ModelVersion) -> tuple[Profile, Profile] | None:
        try:
            for version in versions:
                if version.key not in self._profiles:
                    self._profiles[version.key] = self._bench.registry.profile(version)
        except KeepwellError:  # a version of one's own may come without
            return None
        old, new = (self._profiles[version.key] for version in versions)
        return old, new


def shares_of(rollout: Rollout, step: RolloutStep) -> dict[int, float]:
    """Return the percent that each version gets in a step."""
    if step.shares:
        return {int(version): share for version, share in step.shares.items()}
    percent = 0.0 if rollout.strategy == "shadow" else step.percent
    return {rollout.baseline: 100 - percent, rollout.candidate: percent}


def keys_of(rows: "pa.Table") -> dict[int, set[str]]:
    """Return the keys that each version answered; rows without one count by their request."""
    found: dict[int, set[str]] = {}
    columns: list[Any] = [rows[name].to_pylist() for name in ("version", "key", "request")]
    for version, key, request in zip(*columns, strict=True):
        found.setdefault(version, set()).add(f"k{key}" if key else f"r{request}")
    return found


def with_chances(arms: Sequence[Arm], chances: dict[int, float]) -> list[Arm]:
    """Return arms with their chance to be the best."""
    return [replace(arm, best=chances.get(arm.version)) for arm in arms]


def _roles() -> "pa.Array":
    import pyarrow as pa

    return pa.array(PAIRED_ROLES)
