"""What a build says about itself: the document behind `keepwell run --json`."""

from dataclasses import dataclass, field
from typing import Any

from keepwell.core.records import DatasetVersion, GateVerdict, ModelVersion, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """How one step went.

    `status` is `done` (it ran), `cached` (an equal result was there), `failed`, or in a plan `stale`.
    """

    name: str
    status: str
    reason: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """The outcome of one `keepwell run`."""

    project: str
    steps: tuple[StepResult, ...]
    dataset: DatasetVersion | None = None
    run: Run | None = None
    model: ModelVersion | None = None
    aliases: tuple[str, ...] = ()
    gate: GateVerdict | None = None
    findings: tuple[str, ...] = field(default=())
    serving: str = ""  # what became of the version: "champion", "rollout 01J…", or why neither

    @property
    def passed(self) -> bool:
        """Whether every step ran and the gate, if there was one, let the version through."""
        return all(step.status != "failed" for step in self.steps) and (
            self.gate is None or self.gate.passed
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the document that scripts rely on; absent parts are left out."""
        document: dict[str, Any] = {
            "project": self.project,
            "steps": [
                {
                    "name": step.name,
                    "status": step.status,
                    "seconds": round(step.seconds, 3),
                    "reason": step.reason,
                }
                for step in self.steps
            ],
        }
        if self.dataset is not None:
            document["dataset"] = {
                "name": self.dataset.name,
                "version": self.dataset.version,
                "rows": self.dataset.rows,
                "columns": len(self.dataset.columns),
            }
        if self.run is not None:
            document["run"] = {
                "id": self.run.id,
                "metrics": {name: estimate.value for name, estimate in self.run.metrics.items()},
            }
        if self.model is not None:
            document["model"] = {
                "name": self.model.model,
                "version": self.model.version,
                "aliases": list(self.aliases),
            }
        if self.gate is not None:
            document["gate"] = {
                "passed": self.gate.passed,
                "checks": [
                    {
                        "name": check.name,
                        "passed": check.passed,
                        "value": check.value,
                        "limit": check.limit,
                        "detail": check.detail,
                    }
                    for check in self.gate.checks
                ],
            }
        if self.findings:
            document["findings"] = list(self.findings)
        if self.serving:
            document["serving"] = self.serving
        return document
