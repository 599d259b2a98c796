"""A source held against what was fixed: the types of `data.types` and the rules of the contract."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from keepwell.core.errors import InvalidDataError, ProjectFileError, UsageError
from keepwell.core.records.dataset import ColumnType, DatasetVersion, Finding
from keepwell.core.suggestions import did_you_mean
from keepwell.data.chunks import chunk_rows, digest
from keepwell.data.contracts import Batch, Breach, Contract, check_batch, refusal
from keepwell.data.inference import ColumnPlan, Fixed, Misread
from keepwell.data.loading import Loaded
from keepwell.data.sources import Source
from keepwell.data.sources.locating import Place, cut, locate
from keepwell.data.staging import Staging

TYPES = "`data.types`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vetting:
    """Holds one source against one contract.

    Attributes:
        dataset: The dataset's name, for what is told.
        source: Where the rows come from.
        contract: The rules; None before the first ingest.
        path: The contract's file.
        types: Types that the project file fixes.
    """

    dataset: str
    source: Source
    contract: Contract | None
    path: Path | None
    types: Mapping[str, ColumnType]

    def fixed(self) -> dict[str, Fixed]:
        """Return the columns whose type is fixed.

        Raises:
            UsageError: If `data.types` names a column that is not there.
            ProjectFileError: If it and the contract disagree.
        """
        names = self.source.names
        rules = self.contract.columns if self.contract else {}
        fixed = {
            name: Fixed(type=rule.type, format=rule.format)
            for name, rule in rules.items()
            if name in names
        }
        for name, kind in self.types.items():
            if name not in names:
                raise UsageError(
                    f"`data.types` names the column '{name}', which {self.source.location} does not have",
                    why=f"its columns are {', '.join(names[:10])}{' …' if len(names) > 10 else ''}",  # noqa: PLR2004
                    now=did_you_mean(name, names) or "take the line out of keepwell.yaml",
                )
            if name in rules and rules[name].type is not kind:
                raise ProjectFileError(
                    f"the type of '{name}' is {kind} in keepwell.yaml and {rules[name].type} in "
                    f"{self.path}",
                    why="one of them has to be wrong",
                    now=f"write `type: {kind}` for '{name}' into {self.path}, or take it out of "
                    "`data.types`",
                )
            fixed.setdefault(name, Fixed(type=kind, origin=TYPES))
        return fixed

    def must_be_complete(self) -> None:
        """Refuse a source that lacks a column.

        Raises:
            ContractError: It names every missing column.
        """
        if self.contract is None:
            return
        extra = [name for name in self.source.names if name not in self.contract.columns]
        breaches = []
        for name in self.contract.columns:
            if name not in self.source.names:
                hint = did_you_mean(name, extra)
                message = "the column is missing" + (f" ({hint})" if hint else "")
                breaches.append(Breach(rule="column", column=name, count=0, message=message))
        self._refuse(breaches)

    def refuse_misread(self, misread: Sequence[Misread]) -> None:
        """Refuse values that do not have the type that was fixed for their column.

        Raises:
            ContractError: If the contract fixed it.
            InvalidDataError: If `data.types` did.
        """
        for item in misread:
            if item.plan.fixed is not None and item.plan.fixed.origin == TYPES:
                shown = "; ".join(map(str, item.places[:3]))
                raise InvalidDataError(
                    f"{item.count:,} values of '{item.plan.name}' are no {item.plan.fixed.type}",
                    why=f"`data.types` in keepwell.yaml says that it is one ({shown})",
                    now="mend them, or change the type",
                    details={"column": item.plan.name, "count": item.count},
                )
        self._refuse(
            [
                Breach(
                    rule="type",
                    column=item.plan.name,
                    count=item.count,
                    message=f"{item.count:,} values are no {_kind(item.plan)}",
                    places=item.places,
                )
                for item in misread
            ]
        )

    def check(
        self,
        connection: duckdb.DuckDBPyConnection,
        loaded: Loaded,
        plans: Sequence[ColumnPlan],
        staging: Staging,
        previous: DatasetVersion | None,
    ) -> list[Finding]:
        """Hold the rows that no earlier check has accepted against the contract; return findings.

        Raises:
            ContractError: If they break it.
        """
        if self.contract is None:
            return []
        since = _accepted(self.contract, loaded, plans, staging, previous)
        if since == loaded.rows:
            return []

        def place_of(row: int, value: object) -> Place:
            file, number = locate(self.source.files, loaded.rows_by_file, row + since)
            return Place(
                row=row + since + 1,
                file=str(file.path),
                line=file.line_of(number),
                value=cut(value),
            )

        batch = Batch(
            names=[plan.name for plan in plans],
            storages=[plan.reading.storage for plan in plans],
            rows=staging.scan(since, chunk_rows(len(plans))),
            locate=place_of,
        )
        checked = check_batch(connection, self.contract, batch)
        self._refuse(checked.breaches)
        new = [name for name in batch.names if name not in self.contract.columns]
        message = "it is not in the contract; it was taken in, without rules"
        return [
            *checked.findings,
            *(Finding(column=name, rule="new column", message=message) for name in new),
        ]

    def _refuse(self, breaches: Sequence[Breach]) -> None:
        if breaches and self.path is not None:
            raise refusal(self.dataset, breaches, self.path)


def _accepted(
    contract: Contract,
    loaded: Loaded,
    plans: Sequence[ColumnPlan],
    staging: Staging,
    previous: DatasetVersion | None,
) -> int:
    """Return how many rows at the start are the previous version, checked by the same contract.

    So that 500 bad rows are not overlooked behind 100,000 good ones.
    """
    if previous is None or previous.contract != contract.digest or not previous.chunks:
        return 0
    if any(rules.unique for rules in contract.columns.values()):
        return 0
    if loaded.rows < previous.rows:
        return 0
    before = previous.given or previous.chunks
    last = len(before) - 1
    if loaded.chunks[:last] != before[:last]:
        return 0
    size = chunk_rows(len(plans))
    rest = staging.chunk(last).slice(0, previous.rows - last * size).combine_chunks()
    same = digest(rest.to_batches()[0], [plan.name for plan in plans]) == before[last]
    return previous.rows if same else 0


def _kind(plan: ColumnPlan) -> str:
    kind = plan.fixed.type.value if plan.fixed else ""
    return f"{kind} ({plan.reading.format})" if plan.reading.format else kind
