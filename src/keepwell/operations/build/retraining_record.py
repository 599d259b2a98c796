"""What a retraining was asked for and what came of it, as a record."""

from dataclasses import dataclass
from pathlib import Path

from keepwell.core.ports import MetadataStore
from keepwell.infrastructure.metadata import Collection
from keepwell.operations.loop.retrainings import Retraining, RetrainingResult


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainingRecord:
    """One retraining, from its request to its result."""

    request: Retraining
    result: RetrainingResult

    @property
    def key(self) -> str:
        """Name of its reference: that of the request."""
        return self.request.key


def results(metadata: MetadataStore) -> Collection[RetrainingRecord]:
    """Return the collection of all retrainings' results."""
    return Collection(metadata, "retraining_result", RetrainingRecord)


def lock_of(home: Path, key: str) -> Path:
    """Return the lock that the process working on a retraining holds."""
    return home / "run" / "retrainings" / f"{key.replace('/', '-')}.lock"


def lease_of(key: str) -> str:
    """Return the name of the lease that the process working on a retraining holds."""
    return f"retraining/{key}"
