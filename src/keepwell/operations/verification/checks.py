"""What a check is, and running all of them."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from keepwell.core.errors import KeepwellError
from keepwell.core.records import DatasetVersion, ModelVersion
from keepwell.operations.build.bench import Bench

if TYPE_CHECKING:
    import pyarrow as pa

    from keepwell.deployment.scoring import Scorer

ROWS = 200
"""Rows of the data that a model is asked about."""


class Unmet(Exception):
    """The check does not hold; says why."""


class NotApplicable(Exception):
    """There is nothing to check; says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that must hold.

    Attributes:
        group: `data`, `training` or `prediction`.
        name: What must hold, as a sentence.
        holds: Returns what was seen, for the reader; raises `Unmet` or `NotApplicable`.
    """

    group: str
    name: str
    holds: Callable[["Subject"], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one check went: `status` is `passed`, `failed` or `skipped`, `detail` says what was seen."""

    group: str
    name: str
    status: str
    detail: str
    seconds: float


class Subject:
    """A project under test: its newest data, and one version of its model.

    Args:
        bench: The workspace's parts.
        version: Number or alias of the version; the champion, or else the newest, if empty.
    """

    def __init__(self, bench: Bench, version: str = "") -> None:
        self.bench = bench
        self._wanted = version

    @cached_property
    def model(self) -> ModelVersion:
        """The version under test."""
        registry, name = self.bench.registry, self.bench.spec.name
        if not registry.versions(name):
            raise NotApplicable("no model was registered yet; keepwell run makes one")
        if self._wanted:
            wanted = self._wanted
            return registry.get(name, int(wanted) if wanted.isdigit() else wanted)
        return registry.get(name, registry.resolve(name, "champion"))

    @cached_property
    def dataset(self) -> DatasetVersion:
        """The data that the version was trained on, or else the newest."""
        datasets, spec = self.bench.datasets, self.bench.spec
        if spec.dataset not in datasets.names():
            raise NotApplicable("nothing was ingested yet; keepwell run does it")
        return datasets.get(spec.dataset)

    @cached_property
    def scorer(self) -> "Scorer":
        """What answers for the version."""
        from keepwell.operations.build.judge import open_scorer

        return open_scorer(self.bench, self.model)

    @cached_property
    def rows(self) -> "pa.Table":
        """Some rows of the data, from all over it."""
        import numpy as np

        known = {column.name for column in self.dataset.columns}
        inputs = self.model.signature.inputs  # of which a request may have more than the data
        names = [item.name for item in inputs if item.name in known]
        table = self.bench.datasets.read(self.dataset, columns=names)
        step = max(1, table.num_rows // ROWS)
        return table.take(np.arange(0, table.num_rows, step)[:ROWS])

    @cached_property
    def instances(self) -> list[dict[str, Any]]:
        """The same rows as a request would hold them."""
        return [
            {name: _jsonable(value) for name, value in row.items() if value is not None}
            for row in self.rows.to_pylist()
        ]


def verify(subject: Subject, checks: Iterable[Check]) -> Iterator[Outcome]:
    """Run checks one after the other, and yield how each went."""
    for check in checks:
        begun = time.perf_counter()
        try:
            status, detail = "passed", check.holds(subject)
        except NotApplicable as reason:
            status, detail = "skipped", str(reason)
        except Unmet as reason:
            status, detail = "failed", str(reason)
        except KeepwellError as error:
            status, detail = "failed", str(error)
        except Exception as error:  # noqa: BLE001 (a model may raise anything: that is a finding)
            status, detail = "failed", f"{type(error).__name__}: {error}"
        yield Outcome(
            group=check.group,
            name=check.name,
            status=status,
            detail=detail,
            seconds=round(time.perf_counter() - begun, 3),
        )


def _jsonable(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
