"""The loop's hands in scenarios: the real ones, but for training where that would be slow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from keepwell.core.events import acting_as
from keepwell.core.records import Endpoint, Estimate, GateVerdict, ModelVersion
from keepwell.operations.loop.retrainings import Comparison, Retraining, RetrainingResult
from keepwell.operations.serving.retraining_jobs import RetrainingJobs

if TYPE_CHECKING:
    import pyarrow as pa

    from keepwell.workspace import Workspace

_AS_GOOD = Estimate(value=0.0, low=-0.01, high=0.01)


class Trainings(RetrainingJobs):
    """Retrainings that are over at the next look: real ones in this process, or simulated ones.

    A simulated one brings the champion once more as a new version, which passes its gate and is as good.
    """

    def __init__(self, workspace: Workspace, *, real: bool) -> None:
        super().__init__(workspace.metadata, workspace.home, ["false"])
        self._workspace, self._real = workspace, real

    def start(self, retraining: Retraining) -> None:
        """Carry it out; what comes of it shows at the next look."""
        from keepwell.operations.build.retraining_record import RetrainingRecord

        if self._results.get(retraining.key) is not None:
            return
        running = RetrainingRecord(request=retraining, result=RetrainingResult(status="running"))
        self._results.write(running, "started", why=retraining.reason)
        if self._real:
            self._train(retraining)
        else:
            with acting_as("loop"):
                done = replace(running, result=self._simulated(retraining))
                self._results.write(done, "finished")

    def _train(self, retraining: Retraining) -> None:
        from keepwell.operations.build.bench import SilentListener
        from keepwell.operations.build.retraining_job import work

        workspace = self._workspace

        def labelled() -> pa.Table:
            return workspace.predictions.labelled(workspace.spec.endpoint)

        work(workspace.bench, workspace.home, retraining.key, labelled, SilentListener())

    def _simulated(self, retraining: Retraining) -> RetrainingResult:
        champion = self._workspace.registry.get(self._workspace.spec.name, retraining.baseline)
        copy = copy_of(self._workspace, champion)
        value = champion.metrics[champion.metric].value if champion.metrics else 0.0
        return RetrainingResult(
            status="done",
            run=copy.run,
            candidate=copy.version,
            verdict=GateVerdict(passed=True),
            comparison=Comparison(
                metric=champion.metric, rows=400, champion=value, challenger=value, gain=_AS_GOOD
            ),
            window=retraining.windows[0].name if retraining.windows else "all",
            rows=1000,
        )


def copy_of(workspace: Workspace, version: ModelVersion, *, turned: bool = False) -> ModelVersion:
    """Register a version's files once more as a new version.

    Args:
        workspace: Where.
        version: Whose files.
        turned: It answers the other way round: its two classes are swapped.
    """
    signature = version.signature
    if turned:
        signature = replace(signature, classes=tuple(reversed(signature.classes)))
    run = workspace.runs.start(version.model)
    workspace.runs.finish(run.id)
    return workspace.registry.register(
        version.model,
        run=run.id,
        bundle=version.bundle,
        signature=signature,
        metric=version.metric,
        metrics=version.metrics,
        importance=version.importance,
        learner=version.learner,
        dataset=version.dataset,
    )


def probe(endpoint: Endpoint, keys: Sequence[str]) -> Mapping[str, int]:
    """Answer probes as the routes say: nobody serves here, and nothing between record and answer can fail."""
    from keepwell.deployment.routing import Split

    split = Split(endpoint.name, endpoint.routes)
    return {key: _warm(key) or endpoint.routes[split.pick(key)].version for key in keys}


def _warm(key: str) -> int:
    """Return the version that a key asks by name, 0 for none: `warm-v3-0`."""
    part = key.split("-")
    return int(part[1][1:]) if part[0] == "warm" else 0
