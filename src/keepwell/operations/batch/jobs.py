"""Jobs of the project file: each execution is a recorded run of kind `batch`."""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from keepwell.core.errors import KeepwellError, NotFoundError
from keepwell.core.ports import TableStore
from keepwell.core.progress import Progress
from keepwell.core.records import Estimate, ModelVersion, Run
from keepwell.core.spec import BatchSpec
from keepwell.core.suggestions import did_you_mean
from keepwell.infrastructure.locks import exclusive, holder
from keepwell.operations.batch.inputs import compare_inputs, said
from keepwell.operations.batch.scoring import Batch, score
from keepwell.operations.build.bench import Bench

if TYPE_CHECKING:
    from keepwell.deployment.batch import Scored

KIND = "batch"
DRIFT = "drift.json"


def job_called(jobs: Sequence[BatchSpec], name: str) -> BatchSpec:
    """Return a job of the project file.

    Raises:
        NotFoundError: If there is none of that name.
    """
    names = [job.name for job in jobs]
    if name not in names:
        raise NotFoundError(
            f"there is no job '{name}' under `batch:`",
            why=f"there are: {', '.join(names)}" if names else "keepwell.yaml has no `batch:`",
            now=did_you_mean(name, names) or "add it to keepwell.yaml",
        )
    return jobs[names.index(name)]


def lock_of(home: Path, name: str) -> Path:
    """Return the lock that an execution of a job holds."""
    return home / "run" / f"batch-{name}.lock"


def lease_of(name: str) -> str:
    """Return the name of the lease that a scheduled execution of a job holds."""
    return f"batch/{name}"


def works(home: Path, name: str) -> bool:
    """Tell whether an execution of a job is at work."""
    return holder(lock_of(home, name)) is not None


def executions(bench: Bench, name: str) -> list[Run]:
    """Return the executions of a job, last first."""
    found = bench.runs.find(bench.spec.name, kind=KIND)
    return [run for run in found if run.tags.get("job") == name]


def execute(
    bench: Bench,
    tables: TableStore,
    job: BatchSpec,
    *,
    due: float | None = None,
    progress: Progress | None = None,
    entrusted: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> tuple[Run, "Scored"]:
    """Carry out a job, and record it whatever comes of it.

    Args:
        bench: The workspace's parts.
        tables: Where the prediction log is.
        job: What to do.
        due: The time of its schedule that it stands for; None if somebody asked for it now.
        progress: Hears how far it is.
        entrusted: Sees to it that no other machine carries it out at the same time.

    Raises:
        BusyError: If it is being carried out already; then nothing is recorded.
        KeepwellError: What went wrong; the run is recorded as failed.
    """
    now = bench.clock.now() if due is None else due
    output = output_at(job, now)
    with exclusive(lock_of(bench.home, job.name), f"batch job {job.name}", timeout=0), entrusted():
        bury(bench, job.name)
        run = bench.runs.start(
            bench.spec.name,
            KIND,
            params={"source": job.source, "output": output, "version": job.version},
            tags={"job": job.name, **({} if due is None else {"due": repr(due)})},
        )
        try:
            bench.must_allow(f"the batch job '{job.name}'")
            model = bench.registry.get(bench.spec.name, job.version)
            batch = Batch(
                source=job.source,
                output=output,
                root=bench.spec.root,
                log=job.log,
                overwrite=not output.rstrip("/").endswith(".delta"),
                sample=True,
            )
            scored = score(bench, tables, model, batch, progress)
            return _finish(bench, run, model, scored), scored
        except KeepwellError as error:
            bench.runs.fail(run.id, str(error))
            raise
        except KeyboardInterrupt:
            bench.runs.fail(run.id, "it was interrupted", killed=True)
            raise
        except Exception as error:
            bench.runs.fail(run.id, repr(error))
            raise


def output_at(job: BatchSpec, time: float) -> str:
    """Return a job's output with the time in its place.

    >>> job = BatchSpec(name="n", source="a.csv", output="{date}/s-{time}.csv")
    >>> output_at(job, 0.0)
    '1970-01-01/s-1970-01-01T00-00.csv'
    """
    moment = datetime.fromtimestamp(time, UTC)
    return job.output.format(
        date=moment.strftime("%Y-%m-%d"), time=moment.strftime("%Y-%m-%dT%H-%M")
    )


def bury(bench: Bench, name: str) -> None:
    """Record executions that say they run as killed: their process holds the lock no more."""
    for run in executions(bench, name):
        if run.status == "running":
            bench.runs.fail(run.id, "its process was killed; the next goes on with it", killed=True)


def _finish(bench: Bench, run: Run, model: ModelVersion, scored: "Scored") -> Run:
    metrics = {
        "rows": Estimate(value=scored.rows),
        "seconds": Estimate(value=round(scored.seconds, 3)),
        "resumed": Estimate(value=scored.resumed),
    }
    params: dict[str, str | int | float | bool | None] = {"job_id": scored.id}
    if scored.sample is not None:
        drift = compare_inputs(scored.sample, model, bench.registry.profile(model))
        metrics["drifted_columns"] = Estimate(value=len(drift["drifted"]))
        params["inputs"] = said(drift)
        bench.runs.attach(run.id, DRIFT, json.dumps(drift).encode(), "application/json")
    if scored.unseen:
        params["unseen"] = "; ".join(novel.said(name) for name, novel in scored.unseen.items())
    counts = json.dumps(scored.predictions).encode()
    bench.runs.attach(run.id, "predictions.json", counts, "application/json")
    params["version"] = model.version  # `champion` may be another one tomorrow
    return bench.runs.finish(run.id, metrics=metrics, model=model.key, params=params)
