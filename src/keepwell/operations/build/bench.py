"""What every step works with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from keepwell.core.clock import Clock
from keepwell.core.ports import BlobStore, MetadataStore
from keepwell.core.progress import Progress
from keepwell.core.records import DatasetVersion, GateVerdict, ModelVersion, Run
from keepwell.core.spec import ProjectSpec
from keepwell.operations.build.draft import Draft
from keepwell.operations.build.result import StepResult

if TYPE_CHECKING:
    from keepwell.data.datasets import Datasets
    from keepwell.deployment.endpoints import Endpoints
    from keepwell.deployment.rollouts import Rollouts
    from keepwell.tracking.registry import Registry
    from keepwell.tracking.runs import Runs


class Listener(Progress, Protocol):
    """Hears how a build goes."""

    def step_started(self, name: str, reason: str) -> None:
        """A step begins to work, because of `reason`; not called for cached steps."""
        ...

    def step_finished(self, result: StepResult) -> None:
        """A step is done, was cached, or failed."""
        ...

    def waiting(self, message: str) -> None:
        """Another build of this project is running; this one waits for it."""
        ...


class SilentListener:
    """Hears nothing."""

    def update(
        self, message: str, fraction: float | None = None, seconds_left: float | None = None
    ) -> None:
        """Do nothing."""

    def step_started(self, name: str, reason: str) -> None:
        """Do nothing."""

    def step_finished(self, result: StepResult) -> None:
        """Do nothing."""

    def waiting(self, message: str) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The parts of a workspace that a build uses.

    `must_allow` refuses what costs (`training`, `the batch job 'nightly'`) where the budget is spent.
    `shared`: other machines may work with the same record.
    """

    spec: ProjectSpec
    home: Path
    clock: Clock
    metadata: MetadataStore
    blobs: BlobStore
    datasets: "Datasets"
    runs: "Runs"
    registry: "Registry"
    endpoints: "Endpoints"
    rollouts: "Rollouts"
    must_allow: Callable[[str], None] = lambda what: None
    shared: bool = False


@dataclass(slots=True, kw_only=True)
class Build:
    """The state of one build: each step reads what earlier steps left and leaves its own."""

    bench: Bench
    listener: Listener
    dataset: DatasetVersion | None = None
    run: Run | None = None
    draft: Draft | None = None
    model: ModelVersion | None = None
    verdict: GateVerdict | None = None
    serving: str = ""
    findings: list[str] = field(default_factory=list)
