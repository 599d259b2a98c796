"""Live validation: on a schedule, the champion is held to its limits on outcomes that are fresh.

Each time is a run of the kind `validation`, passed or not, so the history is there for whoever must answer
for the model. A failed one is a finding for people; the loop goes by its own monitors.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from keepwell.core.errors import UnavailableError
from keepwell.core.records import Estimate, GateCheck, ModelVersion, Run
from keepwell.operations.build.bench import Bench

if TYPE_CHECKING:
    import pyarrow as pa

    from keepwell.monitoring.prediction_log import PredictionLog

KIND = "validation"


class Validations:
    """Validates the champion of the project's endpoint.

    Args:
        bench: The workspace's parts.
        predictions: The prediction log.
    """

    def __init__(self, bench: Bench, predictions: "PredictionLog") -> None:
        self._bench = bench
        self._predictions = predictions

    @property
    def limits(self) -> Mapping[str, float]:
        """What the champion is held to: the validation's limits, or else the gate's."""
        spec = self._bench.spec
        return spec.monitor.validation.min or spec.gate.min

    def history(self, limit: int | None = None) -> list[Run]:
        """Return earlier validations, the newest first."""
        return self._bench.runs.find(self._bench.spec.name, kind=KIND, limit=limit)

    def run_due(self) -> Run | None:
        """Validate if `monitor.validation.schedule` fired since the last time; None if not.

        After a time without a server one validation makes up for all that were missed. The schedule counts
        from the champion's registration.
        """
        from keepwell.operations.loop.conditions.schedule import Schedule

        schedule = self._bench.spec.monitor.validation.schedule
        champion = self.champion() if schedule else None
        if champion is None:
            return None
        last = next((one.started for one in self.history(1)), champion.created)
        if Schedule.parse(schedule).before(self._bench.clock.now()) <= last:
            return None
        return self.validate()

    def validate(self) -> Run:
        """Judge the champion on the outcomes that came in since it was validated last.

        Raises:
            UnavailableError: If there is no champion.
        """
        champion = self.champion()
        if champion is None:
            raise UnavailableError(
                f"'{self._bench.spec.endpoint}' has no champion to validate",
                why="no version has passed its gate yet",
                now="keepwell run",
            )
        earlier = [one for one in self.history() if one.model == champion.key]
        since = max((float(one.params["until"] or 0.0) for one in earlier), default=0.0)
        rows = self._fresh(champion, since)
        until = max(rows["outcome_time"].to_pylist(), default=since)
        metrics, checks, verdict = self._judge(rows, champion)
        runs = self._bench.runs
        run = runs.start(
            self._bench.spec.name,
            KIND,
            params={
                "rows": rows.num_rows,
                "since": since,
                "until": until,
                **{f"limit {one.name}": one.limit for one in checks},
            },
            tags={"verdict": verdict, "failed": ", ".join(c.name for c in checks if not c.passed)},
        )
        return runs.finish(run.id, metrics=metrics, model=champion.key)

    def champion(self) -> ModelVersion | None:
        """Return the version that serves, None if there is none."""
        endpoint = self._bench.endpoints.get(self._bench.spec.endpoint)
        if endpoint is None or endpoint.champion is None:
            return None
        return self._bench.registry.get(endpoint.model, endpoint.champion)

    def _fresh(self, champion: ModelVersion, since: float) -> "pa.Table":
        import pyarrow.compute as pc

        rows = self._predictions.labelled(self._bench.spec.endpoint, version=champion.version)
        return rows.filter(pc.greater(rows["outcome_time"], since))

    def _judge(
        self, rows: "pa.Table", champion: ModelVersion
    ) -> tuple[dict[str, Estimate], list[GateCheck], str]:
        from keepwell.monitoring.performance import measure_performance
        from keepwell.tracking.metrics import direction

        spec, limits = self._bench.spec, self.limits
        least = spec.monitor.validation.min_rows
        measured = measure_performance(rows, champion, min_rows=least) if rows.num_rows else None
        if measured is None or measured.rows < least:
            unset = "" if limits else "; no limit is set"
            return {}, [], f"too few outcomes: {rows.num_rows} of {least}{unset}"
        checks = []
        for name, limit in limits.items():
            found = measured.metrics.get(name)
            value = found.value if found is not None else float("nan")
            passed = (value - limit) * direction(name) >= 0  # a metric that is undecided fails
            checks.append(GateCheck(name=name, passed=bool(passed), value=value, limit=limit))
        verdict = "passed" if all(check.passed for check in checks) else "failed"
        return measured.metrics, checks, verdict if checks else "no limit is set"
