"""From a source to a draft: opened, typed, staged, checked and summed up."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from keepwell.core.errors import ConflictError, InvalidDataError
from keepwell.core.progress import Progress
from keepwell.core.records.dataset import Column, ColumnType, DatasetVersion, Profile
from keepwell.data.contracts import infer_contract, load_contract, render_contract
from keepwell.data.deriving import Derive, with_derived
from keepwell.data.drafts import Draft, decide_columns, infinite_values
from keepwell.data.engine import connect
from keepwell.data.inference import ColumnPlan, plan_columns, refit
from keepwell.data.loading import Loaded, MisfitError, load, staged_schema
from keepwell.data.profiles.numbers import NumberSummary
from keepwell.data.sources import Source, open_source
from keepwell.data.staging import Staging
from keepwell.data.vetting import Vetting


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked for: see `Datasets.ingest`."""

    name: str
    location: str
    root: Path
    contract: Path | None
    types: Mapping[str, ColumnType]
    progress: Progress
    derive: Derive | None = None


def draft_source(request: Request, previous: DatasetVersion | None, staging: Staging) -> Draft:
    """Return the draft of a version of what the source holds now.

    Raises:
        NotFoundError: If there is no such source.
        InvalidDataError: If it cannot be read.
        ContractError: If its rows break the contract.
        ConflictError: If it changed while it was read.
    """
    source = open_source(request.location, request.root)
    before = source.fingerprint()
    path = request.contract
    vetting = Vetting(
        dataset=request.name,
        source=source,
        contract=load_contract(path) if path is not None and path.exists() else None,
        path=path,
        types=request.types,
    )
    vetting.must_be_complete()
    with connect(staging.folder, columns=len(source.names)) as connection:
        loaded, plans = _load(connection, vetting, staging, request.progress)
        if source.fingerprint() != before:
            raise _changed(request.location)
        findings = [finding for file in source.files for finding in file.findings]
        findings += [finding for plan in plans for finding in plan.findings]
        findings += infinite_values(plans, loaded.profiler)
        findings += vetting.check(connection, loaded, plans, staging, previous)
    columns = decide_columns(plans, loaded.profiler)
    profile = loaded.profiler.profile(columns)
    contract, written = vetting.contract, None
    if contract is None and path is not None:
        written = _inferred_contract(request, plans, columns, profile, loaded)
    draft = Draft(
        columns=columns,
        schema=staged_schema(plans),
        rows=loaded.rows,
        chunks=loaded.chunks,
        profile=profile,
        findings=tuple(findings),
        contract=contract.digest if contract else _sha256(written),
        written=written,
    )
    if request.derive is None:
        return draft
    request.progress.update("looking back in time, row by row")
    return with_derived(draft, request.derive, staging, "declared under `features.windows`")


def _load(
    connection: duckdb.DuckDBPyConnection, vetting: Vetting, staging: Staging, progress: Progress
) -> tuple[Loaded, list[ColumnPlan]]:
    """Stream the source; if a value deep in it does not fit, decide again from all rows, once."""
    source = vetting.source
    progress.update(f"looking at {source.location}")
    sample = source.sample()
    plans = plan_columns(connection, source, sample, vetting.fixed())
    try:
        loaded = load(connection, source, plans, staging, progress, sample.expected or None)
    except MisfitError as error:
        progress.update(f"{source.location} holds values unlike its first ones: looking again")
        staging.clear()
        refitted, misread = refit(connection, source, plans)
        vetting.refuse_misread(misread)
        if refitted == plans:
            raise _unreadable(source, error) from error
        plans = refitted
        loaded = load(connection, source, plans, staging, progress, sample.expected or None)
    if not loaded.rows:
        raise InvalidDataError(
            f"{source.location} has no rows",
            why=f"it has a header with {len(source.names)} columns and nothing below it",
            now="export it again",
        )
    if sample.complete and loaded.rows < sample.table.num_rows:
        raise InvalidDataError(
            f"{source.location} cannot be read reliably",
            why=f"one reader finds {sample.table.num_rows:,} rows in it, another {loaded.rows:,}",
            now="write it again with one kind of line end and with quotes around line breaks",
        )
    return loaded, plans


def _inferred_contract(
    request: Request,
    plans: Sequence[ColumnPlan],
    columns: Sequence[Column],
    profile: Profile,
    loaded: Loaded,
) -> str:
    trends = {}
    for place, plan in enumerate(plans):
        summary = loaded.profiler.summary(place)
        if isinstance(summary, NumberSummary):
            trends[plan.name] = summary.trend()
    formats = {plan.name: plan.reading.format for plan in plans}
    contract = infer_contract(columns, profile, formats=formats, trends=trends)
    return render_contract(contract, name=request.name, rows=loaded.rows, source=request.location)


def _sha256(text: str | None) -> str:
    return "" if text is None else hashlib.sha256(text.encode()).hexdigest()


def _changed(location: str) -> ConflictError:
    return ConflictError(
        f"{location} changed while it was read",
        why="its size or time of change is not what it was at the start",
        now="wait until whoever writes it is done, then run the same command again",
    )


def _unreadable(source: Source, error: Exception) -> InvalidDataError:
    return InvalidDataError(
        f"{source.location} cannot be read",
        why=str(error).strip().splitlines()[0],
        now="check the file with another program; if it is fine, this is a defect of ours",
    )
