"""The columns of a source from a look at it, before anything is ingested."""

import tempfile
from dataclasses import replace
from pathlib import Path

from keepwell.core.records.dataset import Column
from keepwell.data.engine import connect, first_row
from keepwell.data.inference.planning import ColumnPlan, plan_columns
from keepwell.data.inference.readings import STRING, Storage
from keepwell.data.sources import Source

_ROWS = 50_000


def infer_columns(source: Source) -> tuple[Column, ...]:
    """Return the columns of a source with their types and reasons, as far as a sample tells.

    An ingest looks at every row and may find otherwise.

    Raises:
        InvalidDataError: If the source cannot be read.
    """
    from keepwell.data.chunks import cut_chunks
    from keepwell.data.drafts import decide_columns
    from keepwell.data.loading import staged_schema
    from keepwell.data.profiles import Profiler

    first, sample = source.files[0], source.sample()
    with (
        tempfile.TemporaryDirectory() as temp,
        connect(Path(temp), columns=len(source.names)) as connection,
    ):
        plans = plan_columns(connection, source, sample, {})
        if first.types:
            rows = f"(SELECT * FROM {first.relation()} LIMIT {_ROWS})"
        else:
            connection.register("sampled", sample.table)
            rows = "sampled"
            narrow = [
                (place, plan)
                for place, plan in enumerate(plans)
                if plan.reading.storage is not Storage.STRING
            ]
            counts = [
                f"count(*) FILTER ({plan.reading.refusal_of(f'c{place}')})"
                for place, plan in narrow
            ]
            refused = first_row(connection, f"SELECT {', '.join(['0', *counts])} FROM {rows}")[1:]
            for (place, plan), count in zip(narrow, refused, strict=True):
                if count:
                    plans[place] = replace(plan, reading=STRING, reason="mixed values")
        typed = ", ".join(_value(plan, place, source) for place, plan in enumerate(plans))
        table = connection.sql(f"SELECT {typed} FROM {rows}").to_arrow_table()
        profiler = Profiler([plan.reading.storage for plan in plans])
        for chunk in cut_chunks(table.to_batches(), staged_schema(plans)):
            profiler.add(chunk)
    return decide_columns(plans, profiler)


def _value(plan: ColumnPlan, place: int, source: Source) -> str:
    return f"{plan.reading_in(source.files[0]).value_of(f'c{place}')} AS t{place}"
