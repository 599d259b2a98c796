"""Measured values, whatever they are sent as."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_EXACT = {"gauge", "counter", "info"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One value, or one distribution.

    Attributes:
        name: As Prometheus has it, without `_total`.
        kind: `gauge`, `counter` or `histogram`.
        about: What it says.
        labels: What it is of.
        value: The value; of a histogram the sum.
        bounds: Upper bounds of a histogram's buckets, without the last one.
        counts: How many are in each bucket, the one above all bounds included; not cumulative.
    """

    name: str
    kind: str
    about: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    value: float = 0.0
    bounds: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        """How many values a histogram holds."""
        return sum(self.counts)


def samples_of(families: Iterable[Any]) -> tuple[Sample, ...]:
    """Return what Prometheus' families hold."""
    found: list[Sample] = []
    for family in families:
        if family.type == "histogram":
            found += _histograms(family)
        elif family.type in _EXACT:
            kind = "counter" if family.type == "counter" else "gauge"
            found += [
                Sample(
                    name=family.name,
                    kind=kind,
                    about=family.documentation,
                    labels=dict(sample.labels),
                    value=float(sample.value),
                )
                for sample in family.samples
                if not sample.name.endswith("_created")
            ]
    return tuple(found)


def _histograms(family: Any) -> list[Sample]:
    by_labels: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for sample in family.samples:
        labels = {name: value for name, value in sample.labels.items() if name != "le"}
        one = by_labels.setdefault(tuple(sorted(labels.items())), {"buckets": [], "sum": 0.0})
        if sample.name.endswith("_bucket"):
            one["buckets"].append((float(sample.labels["le"]), int(sample.value)))
        elif sample.name.endswith("_sum"):
            one["sum"] = float(sample.value)
    found = []
    for labels_of, one in by_labels.items():
        buckets = sorted(one["buckets"])
        before = [0, *(count for _, count in buckets)]
        found.append(
            Sample(
                name=family.name,
                kind="histogram",
                about=family.documentation,
                labels=dict(labels_of),
                value=one["sum"],
                bounds=tuple(bound for bound, _ in buckets[:-1]),
                counts=tuple(now - then for then, (_, now) in zip(before, buckets, strict=False)),
            )
        )
    return found
