"""What playbooks work with."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from keepwell.core.errors import UnavailableError
from keepwell.core.ports import MeasurementStore
from keepwell.core.records import Endpoint, ModelVersion
from keepwell.deployment.endpoints import must_be_served
from keepwell.operations.build.bench import Bench
from keepwell.operations.loop.retrainings import Retraining

if TYPE_CHECKING:
    from keepwell.deployment.probing import Probe
    from keepwell.monitoring.prediction_log import PredictionLog


class Jobs(Protocol):
    """Carries out retrainings in the background."""

    def start(self, retraining: Retraining) -> None:
        """Start a retraining, unless it runs or has ended."""
        ...

    def stop(self, identifier: str, reason: str) -> None:
        """End a retraining; nothing happens if it does not run."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """The parts of a workspace that playbooks work with.

    Attributes:
        bench: What builds use.
        predictions: The prediction log.
        measurements: Series and reports.
        collect: Brings the newest predictions into the log.
        probe: Asks the live endpoint who answers; None where nobody serves.
        jobs: Carries out retrainings; None where nobody does.
        cores: Of this machine.
        link: Where the console is; empty if nobody serves.
    """

    bench: Bench
    predictions: "PredictionLog"
    measurements: MeasurementStore
    collect: Callable[[], object] = lambda: None
    probe: "Probe | None" = None
    jobs: Jobs | None = None
    cores: int = field(default_factory=lambda: os.cpu_count() or 1)
    link: str = ""

    def served(self, endpoint: str) -> tuple[Endpoint, ModelVersion]:
        """Return an endpoint that is answered here, and its champion.

        Raises:
            NotFoundError: If there is no such endpoint.
            ServedElsewhereError: If its model answers somewhere else.
            UnavailableError: If it has no champion.
        """
        record = self.bench.endpoints.read(endpoint)
        must_be_served(record)
        if record.champion is None:
            raise UnavailableError(
                f"the endpoint '{endpoint}' has no champion",
                why="no model version has passed its gate yet",
                now="keepwell run, then keepwell status",
            )
        return record, self.bench.registry.get(record.model, record.champion)

    def latest(self, endpoint: str, measure: str) -> float | None:
        """Return the newest value of a series of an endpoint; None if there is none."""
        points = self.measurements.series(f"endpoint:{endpoint}", [measure], limit=1).get(measure)
        return points[-1].value if points else None
