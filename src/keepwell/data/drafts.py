"""A version before it is stored: its columns decided, its chunks staged."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from keepwell.core.records.dataset import Column, ColumnType, Finding, Profile
from keepwell.data.inference import ColumnPlan, Evidence, decide
from keepwell.data.profiles import Profiler
from keepwell.data.profiles.numbers import NumberSummary
from keepwell.data.profiles.strings import StringSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A version that is not stored yet; its chunks are staged.

    Attributes:
        columns: The schema.
        schema: The Arrow schema of the staged chunks.
        rows: How many there are.
        chunks: The digest of each chunk.
        profile: Statistics.
        findings: What was noticed.
        contract: Digest of the contract it was checked against, or that was inferred.
        written: The text of the contract that was inferred; None if there was one.
        given: The digest of each chunk before columns were derived; empty where none were.
    """

    columns: tuple[Column, ...]
    schema: Any
    rows: int
    chunks: tuple[str, ...]
    profile: Profile
    findings: tuple[Finding, ...] = ()
    contract: str = ""
    written: str | None = None
    given: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """The digest of the content: names, types and every value."""
        told = json.dumps([[column.name, column.type] for column in self.columns])
        return hashlib.sha256("\n".join([told, *self.chunks]).encode()).hexdigest()


def decide_columns(plans: Sequence[ColumnPlan], profiler: Profiler) -> tuple[Column, ...]:
    """Return what each column means, now that all rows were seen, and why."""
    columns = []
    for place, plan in enumerate(plans):
        summary = profiler.summary(place)
        kind, reason = plan.fixed.type if plan.fixed else None, plan.reason
        if kind is None:
            kind, more = decide(plan.name, plan.reading.storage, evidence_of(summary))
            if kind is ColumnType.IDENTIFIER and plan.findings:
                kind, more = ColumnType.TEXT, "its values are of several kinds"
            reason = "; ".join(part for part in (plan.reason, more) if part)
        columns.append(
            Column(name=plan.name, type=kind, nullable=summary.missing > 0, reason=reason)
        )
    return tuple(columns)


def evidence_of(summary: NumberSummary | StringSummary) -> Evidence:
    """Return what a summary tells about the meaning of its column."""
    if isinstance(summary, StringSummary):
        return Evidence(
            values=summary.values,
            distinct=summary.distinct(),
            spaces=summary.spaces,
            pictures=summary.pictures,
            lists=summary.lists,
            length=summary.length,
        )
    return Evidence(values=summary.values, distinct=summary.distinct(), steady=summary.steady)


def infinite_values(plans: Sequence[ColumnPlan], profiler: Profiler) -> list[Finding]:
    """Return a finding for each column with infinite values."""
    findings = []
    for place, plan in enumerate(plans):
        summary = profiler.summary(place)
        if isinstance(summary, NumberSummary) and summary.infinite:
            message = (
                f"{summary.infinite:,} of {summary.rows:,} values are infinite; they are kept, and left "
                "out of its statistics"
            )
            findings.append(Finding(column=plan.name, rule="infinite", message=message))
    return findings
