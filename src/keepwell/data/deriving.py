"""Columns that are calculated from a source's rows, kept beside them as if the source had had them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from keepwell.core.records.dataset import Column, ColumnType
from keepwell.data.chunks import ARROW, chunk_rows, cut_chunks, digest
from keepwell.data.drafts import Draft
from keepwell.data.inference.readings import Storage
from keepwell.data.profiles import Profiler
from keepwell.data.staging import Staging

Read = Callable[[Sequence[str]], Any]
Derive = Callable[[Sequence[Column], Read], Any]
"""Given the columns of the source and what reads some of them, returns a table of numbers: the new ones."""

_STORAGES = {arrow: storage for storage, arrow in ARROW.items()}


def with_derived(draft: Draft, derive: Derive, staging: Staging, reason: str) -> Draft:
    """Return a draft with the columns that `derive` calculates, behind those of the source.

    Args:
        draft: What the source holds; its chunks are staged.
        derive: Calculates.
        staging: Holds the chunks, and those with the new columns afterwards.
        reason: Where the columns come from, for the reader.
    """
    names = [column.name for column in draft.columns]
    chunks = staging.restart()

    def read(wanted: Sequence[str]) -> Any:
        places = [names.index(name) for name in wanted]
        tables = [table.select(places) for table in chunks]
        return pa.concat_tables(tables).rename_columns(list(wanted))

    made = derive(draft.columns, read)
    added = list(made.column_names)
    kinds = [*(field.type for field in draft.schema), *(ARROW[Storage.NUMBER] for _ in added)]
    schema = pa.schema([(f"c{place}", kind) for place, kind in enumerate(kinds)])
    profiler = Profiler([_STORAGES[kind] for kind in kinds])
    digests = []
    for chunk in cut_chunks(_beside(chunks, made, schema), schema):
        digests.append(digest(chunk, [*names, *added]))
        profiler.add(chunk)
        staging.add(chunk)
    columns = draft.columns + tuple(
        Column(
            name=name,
            type=ColumnType.NUMBER,
            nullable=profiler.summary(len(names) + place).missing > 0,
            reason=reason,
        )
        for place, name in enumerate(added)
    )
    return replace(
        draft,
        columns=columns,
        schema=schema,
        chunks=tuple(digests),
        profile=profiler.profile(columns),
        given=draft.chunks,
    )


def _beside(chunks: Sequence[Any], made: Any, schema: Any) -> Iterator[Any]:
    """Yield the rows of chunks with the new columns beside the others, a chunk at a time."""
    before = 0
    for chunk in chunks:
        new = made.slice(before, chunk.num_rows)
        columns = [*chunk.columns, *new.columns]
        yield from pa.Table.from_arrays(columns, schema=schema).to_batches(
            max_chunksize=chunk_rows(len(schema))
        )
        before += chunk.num_rows
