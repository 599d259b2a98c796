"""`monitor.objectives:` and `traces.objectives:` — what is promised, parsed once into a frozen value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectiveSpec:
    """An entry of `monitor.objectives:` — what share of requests, or of time, has to be good.

    Attributes:
        kind: `latency`, `availability`, `freshness` or `quality`.
        of: The metric of `quality`; of `freshness` what must be fresh: `outcomes`, `data` or `model`.
        limit: Milliseconds, seconds, or the metric's worst value; 0 where a request is good or failed.
        target: The share that has to be good.
        period: Over how many seconds.
    """

    kind: str
    of: str = ""
    limit: float = 0.0
    target: float = 0.99
    period: float = 2592000.0

    @property
    def name(self) -> str:
        """What it is called: `latency_p95_ms`, `availability`, `freshness outcomes`, `quality rmse`."""
        if self.kind == "latency":
            return f"latency_p{self.target * 100:g}_ms"
        return f"{self.kind} {self.of}".strip()
