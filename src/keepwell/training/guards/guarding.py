"""From all columns to those that become features."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from keepwell.core.errors import TrainingError
from keepwell.core.records import Column, ColumnType
from keepwell.core.spec import DataSpec
from keepwell.training.guards.constants import constants
from keepwell.training.guards.copies import copies
from keepwell.training.guards.evidence import Evidence, gather
from keepwell.training.guards.singles import singles
from keepwell.training.guards.sums import sums
from keepwell.training.targets import Target
from keepwell.training.trained import Finding

Guard = Callable[[Evidence], list[Finding]]

LEAKS: tuple[Guard, ...] = (copies, sums, singles)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """The columns that become features, and what was found on the way."""

    inputs: tuple[str, ...]
    findings: tuple[Finding, ...]


def guard(
    table: pa.Table, columns: Sequence[Column], data: DataSpec, target: Target, seed: int
) -> Guarded:
    """Return the features that are safe to learn from. `table` holds the usable rows only.

    Raises:
        TrainingError: If no column is left to learn from.
    """
    candidates = [c for c in columns if c.name != target.name and c.name not in data.ignore]
    findings = _identifiers(candidates, data) + constants(table, candidates)
    findings = [_respecting(finding, data.keep) for finding in findings]
    candidates = _left(candidates, findings)
    if not candidates:
        raise _nothing_left(target.name, findings)
    evidence = gather(table, candidates, target.name, target.task, target.values, seed)
    leaks = _leaks(evidence, data.keep)
    safe = _left(candidates, leaks)
    if not safe:  # then the suspicion says more about the data set than about its columns
        leaks = [replace(leak, dropped=False, message=_kept_all(leak)) for leak in leaks]
        safe = candidates
    return Guarded(inputs=tuple(column.name for column in safe), findings=tuple(findings + leaks))


def guard_unlabelled(
    table: pa.Table, columns: Sequence[Column], data: DataSpec, without: Sequence[str] = ()
) -> Guarded:
    """Return the features where there is no target that a column could give away.

    Raises:
        TrainingError: If no column is left to learn from.
    """
    candidates = [c for c in columns if c.name not in (*data.ignore, *without)]
    findings = _identifiers(candidates, data) + constants(table, candidates)
    findings = [_respecting(finding, data.keep) for finding in findings]
    candidates = _left(candidates, findings)
    if not candidates:
        raise TrainingError(
            "no column is left to compare rows by",
            why="; ".join(finding.message for finding in findings[:5]) or "there is none",
            now="add columns to the data, or name one to use after all with `keep:` under `data:`",
        )
    return Guarded(inputs=tuple(column.name for column in candidates), findings=tuple(findings))


def _leaks(evidence: Evidence, keep: Sequence[str]) -> list[Finding]:
    found: list[Finding] = []
    for look in LEAKS:
        new = [_respecting(finding, keep) for finding in look(evidence)]
        found += new
        evidence = evidence.without([name for finding in new for name in finding.columns])
    return found


def _identifiers(columns: Sequence[Column], data: DataSpec) -> list[Finding]:
    found: list[Finding] = []
    for column in columns:
        if column.name == data.key:
            message = (
                f"'{column.name}' names the row (`key:` under `data:`), so it is not a feature"
            )
        elif column.type is ColumnType.IDENTIFIER:
            reason = f" ({column.reason})" if column.reason else ""
            message = f"'{column.name}' identifies rows{reason}, so it is not a feature"
        else:
            continue
        found.append(
            Finding(
                column=column.name,
                message=message,
                dropped=True,
                kind="identifier",
                columns=(column.name,),
            )
        )
    return found


def _respecting(finding: Finding, keep: Sequence[str]) -> Finding:
    """Let the user's word stand above the guard's, and say which of the two it was."""
    if not finding.dropped:
        return finding
    gone = tuple(name for name in finding.columns if name not in keep)
    if not gone:
        message = f"{finding.message}; kept, because `keep:` under `data:` says so"
        return replace(finding, dropped=False, message=message)
    if finding.kind in ("identifier", "constant"):
        return finding
    names = ", ".join(gone)
    message = f"{finding.message}; dropped {names} as a leak (`keep:` under `data:` brings back)"
    return replace(finding, message=message, columns=gone)


def _kept_all(leak: Finding) -> str:
    return f"{leak.message.partition('; dropped')[0]}; kept, because no other column is left"


def _left(columns: Sequence[Column], findings: Sequence[Finding]) -> list[Column]:
    gone = {name for finding in findings if finding.dropped for name in finding.columns}
    return [column for column in columns if column.name not in gone]


def _nothing_left(target: str, findings: Sequence[Finding]) -> TrainingError:
    return TrainingError(
        f"no column is left to predict '{target}' from",
        why="; ".join(finding.message for finding in findings[:5]) or "there is no other column",
        now="add columns to the data, or name one to use after all with `keep:` under `data:`",
    )
