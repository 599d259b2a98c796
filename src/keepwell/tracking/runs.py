"""Runs: what an execution was made from, how it went, and what it left.

    run = runs.start("churn", "train", params={"folds": 5}, root=Path("."))
    runs.log(run.id, {"loss": 0.31}, step=1)
    runs.attach(run.id, "plots/roc.json", figure, "application/json")
    runs.finish(run.id, metrics={"roc_auc": Estimate(value=0.84)})

Training never fails because the record cannot be written: what a store does not take waits in a local
spool, in order, and is sent as soon as the store is back, by this process or by the next one.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from keepwell.core.clock import Clock
from keepwell.core.errors import NotFoundError
from keepwell.core.identifiers import new_id
from keepwell.core.ports import BlobStore, MeasurementStore, MetadataStore, Point
from keepwell.core.records import Artifact, CodeVersion, Estimate, Resources, Run
from keepwell.core.suggestions import did_you_mean
from keepwell.infrastructure.metadata import Collection
from keepwell.tracking import code, environment
from keepwell.tracking.delivery import AWAY, Delivery
from keepwell.tracking.meters import Meter, NoMeter, recalled

Param = str | int | float | bool | None


class Runs:
    """Every recorded execution. Safe to use from several threads.

    Args:
        metadata: Where runs are kept.
        measurements: Where their curves are kept, under the subject `run:ID`.
        blobs: Where their artifacts are kept.
        clock: Stamps them.
        spool: Folder for what a store did not take; None keeps that in memory only.
        meter: Measures what runs take from the machine; nothing does unless given.
    """

    def __init__(
        self,
        metadata: MetadataStore,
        measurements: MeasurementStore,
        blobs: BlobStore,
        clock: Clock,
        spool: Path | None = None,
        meter: Meter | None = None,
    ) -> None:
        self._records = Collection(metadata, "run", Run, name=lambda run: run.id)
        self._measurements = measurements
        self._blobs = blobs
        self._clock = clock
        self._meter = meter or NoMeter()
        self._mine: dict[str, Run] = {}
        self._delivery = Delivery(self._records, measurements, blobs, clock=clock, spool=spool)

    @property
    def waiting(self) -> int:
        """How many entries of this process the stores do not have yet."""
        return self._delivery.waiting

    def start(
        self,
        project: str,
        kind: str = "train",
        *,
        params: Mapping[str, Param] | None = None,
        dataset: str = "",
        tags: Mapping[str, str] | None = None,
        root: Path | None = None,
    ) -> Run:
        """Begin a run and return it, with the code in `root` and this process's environment captured.

        Args:
            project: The project it belongs to.
            kind: `train`, `retrain`, or a name of one's own.
            params: What was chosen.
            dataset: `name/version` of what it reads.
            tags: Free labels.
            root: Folder whose Git repository is the code; None leaves the code out.
        """
        now = self._clock.now()
        run = Run(
            id=new_id(now),
            project=project,
            kind=kind,
            started=now,
            params=dict(params or {}),
            tags=dict(tags or {}),
            dataset=dataset,
            code=code.capture(root, self._delivery.blob) if root is not None else CodeVersion(),
            environment=self._delivery.blob(json.dumps(environment.capture()).encode()),
        )
        self._measure(run.id)
        return self._write(run, "started")

    def log(self, run_id: str, values: Mapping[str, float], step: int = 0) -> None:
        """Add one point to each named curve."""
        now = self._clock.now()
        points = [Point(name, now, float(value), step) for name, value in values.items()]
        self._delivery.points(f"run:{run_id}", points)

    def log_points(self, run_id: str, points: Sequence[Point]) -> None:
        """Add points to several curves at once, each with its own time and step."""
        self._delivery.points(f"run:{run_id}", list(points))

    def describe(self, run_id: str, params: Mapping[str, Param]) -> Run:
        """Add parameters to a run."""
        run = self._current(run_id)
        return self._write(replace(run, params={**run.params, **params}), "described")

    def resume(self, run_id: str) -> Run:
        """Let a run that was stopped go on."""
        run = self._current(run_id)
        self._measure(run_id)
        return self._write(replace(run, status="running", ended=None, error=""), "resumed")

    def attach(
        self,
        run_id: str,
        name: str,
        data: bytes | Path,
        media_type: str = "application/octet-stream",
    ) -> Artifact:
        """Keep a file with a run, in place of an earlier one of that name."""
        content = data.read_bytes() if isinstance(data, Path) else data
        artifact = Artifact(
            name=name,
            digest=self._delivery.blob(content),
            size=len(content),
            media_type=media_type,
        )
        run = self._current(run_id)
        others = tuple(item for item in run.artifacts if item.name != name)
        self._write(replace(run, artifacts=(*others, artifact)), "attached", name)
        return artifact

    def finish(
        self,
        run_id: str,
        *,
        metrics: Mapping[str, Estimate] | None = None,
        model: str = "",
        params: Mapping[str, Param] | None = None,
    ) -> Run:
        """End a run as done, or add to one that has ended (the model version that came of it)."""
        run = self._current(run_id)
        return self._write(
            replace(
                run,
                status="done",
                ended=run.ended if run.ended is not None else self._clock.now(),
                metrics={**run.metrics, **(metrics or {})},
                params={**run.params, **(params or {})},
                model=model or run.model,
                resources=self._taken(run),
            ),
            "finished" if run.ended is None else "completed",
        )

    def fail(self, run_id: str, error: str, *, killed: bool = False) -> Run:
        """End a run as failed, or as killed where its process was stopped from outside."""
        run = self._current(run_id)
        status = "killed" if killed else "failed"
        return self._write(
            replace(
                run,
                status=status,
                ended=self._clock.now(),
                error=error,
                resources=self._taken(run),
            ),
            status,
            error,
        )

    def get(self, run_id: str) -> Run:
        """Return a run, `NotFoundError` if there is none with this id."""
        return self._records.read(run_id)

    def find(
        self, project: str = "", *, status: str = "", kind: str = "", limit: int | None = None
    ) -> list[Run]:
        """Return runs, last started first; an empty filter lets all pass."""
        found = [
            run
            for run in self._records.find()
            if (not project or run.project == project)
            and (not status or run.status == status)
            and (not kind or run.kind == kind)
        ]
        return sorted(found, key=lambda run: run.id, reverse=True)[:limit]

    def curves(self, run_id: str, names: Sequence[str] | None = None) -> dict[str, list[Point]]:
        """Return what was logged, by name, in the order of time."""
        return self._measurements.series(f"run:{run_id}", names)

    def read(self, run_id: str, name: str) -> bytes:
        """Return the bytes of an artifact, verified.

        Raises:
            NotFoundError: If the run or the artifact is not there.
        """
        artifacts = {item.name: item.digest for item in self.get(run_id).artifacts}
        if name not in artifacts:
            raise NotFoundError(
                f"run {run_id} has no artifact '{name}'",
                why=f"it has {', '.join(sorted(artifacts)) or 'none'}",
                now=did_you_mean(name, artifacts),
            )
        return self._blobs.read(artifacts[name])

    def environment(self, run_id: str) -> bytes:
        """Return packages, Python, operating system and hardware of a run, as JSON."""
        return self._blobs.read(self.get(run_id).environment)

    def diff(self, run_id: str) -> str:
        """Return what was not committed when the run started; empty if all was."""
        digest = self.get(run_id).code.diff
        return self._blobs.read(digest).decode(errors="replace") if digest else ""

    def resend(self) -> bool:
        """Send what stores did not take earlier; tell whether nothing is waiting any more."""
        return self._delivery.resend(now=True)

    def machine(self, run_id: str) -> dict[str, list[Point]]:
        """Return what a run took from the machine, by name, in the order of time."""
        return self._measurements.series(f"run:{run_id}/machine")

    def _measure(self, run_id: str) -> None:
        def tell(values: Mapping[str, float]) -> None:
            now = self._clock.now()
            points = [Point(name, now, value) for name, value in values.items()]
            self._delivery.points(f"run:{run_id}/machine", points)

        self._meter.start(run_id, tell)

    def _taken(self, run: Run) -> Resources | None:
        """Return what a run took in all; of one whose process was killed, what is known of it."""
        taken = self._meter.stop(run.id)
        if taken is None and run.resources is None and run.ended is None:
            try:
                return recalled(self.machine(run.id))
            except AWAY:
                return None
        if taken is None or run.resources is None:
            return taken or run.resources
        return run.resources.plus(taken)

    def _current(self, run_id: str) -> Run:
        """Return the run as it stands: the store does not know what is still waiting."""
        caught_up = self._delivery.resend()
        mine = self._mine.get(run_id)
        if mine is not None and not caught_up:
            return mine
        try:
            return self._records.read(run_id)
        except AWAY:
            if mine is None:
                raise
            return mine

    def _write(self, run: Run, verb: str, why: str = "") -> Run:
        self._mine[run.id] = run
        self._delivery.run(run, verb, why)
        return run
