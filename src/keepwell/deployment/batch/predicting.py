"""Score a source, piece by piece, and go on where an earlier run was stopped."""

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from keepwell.core.errors import ConflictError, InvalidDataError, InvalidRequestError, StorageError
from keepwell.core.progress import Progress, SilentProgress
from keepwell.core.records import Signature
from keepwell.deployment.batch import answers, targets
from keepwell.deployment.batch.answers import Tally
from keepwell.deployment.batch.pool import in_order
from keepwell.deployment.batch.rows import Reader, Rows, open_rows
from keepwell.deployment.batch.targets import Target
from keepwell.deployment.batch.work import Work
from keepwell.deployment.scoring import Scorer, Scores
from keepwell.features.novelty import Novel
from keepwell.infrastructure.codec import to_plain
from keepwell.infrastructure.files import storing
from keepwell.infrastructure.locks import exclusive

ROWS_AT_ONCE = 131_072
SAMPLED_ROWS = 512  # of a piece, for whoever compares the inputs with the training data

Log = Callable[[str, int, pa.Table, Scores, pa.Array, pa.Array | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a source is scored.

    Attributes:
        version: The model version, written beside each row.
        model: Identifies what answers: work of another model is not gone on with.
        root: What relative locations start from; the present folder if None.
        works: Folder for the unfinished work of outputs that are not files here.
        overwrite: Replace what is at the output.
        threads: Pieces worked on at a time; as many as there are processors if 0.
        sample: Keep some of the inputs, as `Scored.sample`.
        log: Called with each piece, in order, before it counts as done: the job's id, the piece's number,
            its inputs, scores, ids and keys. Called again with the same ids if the process dies in between.
        key: The column of the source whose values `log` is told as text; None where it has none of it.
        complete: Gives the inputs of rows that hold less (`Signature.asked`); None where the source has all.
    """

    version: int = 0
    model: str = ""
    root: Path | None = None
    works: Path | None = None
    overwrite: bool = False
    threads: int = 0
    sample: bool = False
    log: Log | None = None
    key: str = ""
    complete: Callable[[pa.Table], pa.Table] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What came of it.

    Attributes:
        id: ULID of the job; the ids of its rows begin like it.
        rows: Rows in the output.
        resumed: How many of them an earlier run had scored.
        restarted: Why an earlier run's work was dropped; empty if none was.
        seconds: How long this run took.
        predictions: How often each class was predicted; mean, min and max of numbers.
        sample: Some of the inputs, in order, if they were asked for.
        absent: Columns of the model that the source lacks: they counted as missing in every row.
        unseen: Of columns with labels that training never saw: in how many rows, and some of them.
    """

    id: str
    rows: int
    resumed: int = 0
    restarted: str = ""
    seconds: float = 0.0
    predictions: dict[str, Any] = field(default_factory=dict)
    sample: pa.Table | None = None
    absent: tuple[str, ...] = ()
    unseen: dict[str, Novel] = field(default_factory=dict)


def predict_file(
    scorer: Scorer,
    source: Path | str,
    output: Path | str,
    *,
    options: Options | None = None,
    progress: Progress | None = None,
) -> Scored:
    """Score every row of a source and write rows and answers.

    Args:
        scorer: What answers.
        source: A file, folder or glob of CSV, Parquet or JSON Lines, here or in a bucket; a Delta table.
        output: Its name says the format: `.parquet`, `.csv`, `.jsonl`, `.delta`, or a folder.
        options: How.
        progress: Hears how far it is.

    Raises:
        NotFoundError: If there is no such source.
        InvalidDataError: If it cannot be read, or a row does not fit the model; names column and row.
        UsageError: If the output's name says no format, or something is there.
        BusyError: If another process writes this output.
        ConflictError: If the source changed while it was read.
        StorageError: If the output cannot be written; what was done is gone on with next time.
    """
    chosen = options or Options()
    root = chosen.root or Path.cwd()
    works = chosen.works or Path(tempfile.gettempdir()) / f"keepwell-{os.getuid()}-batch"
    target = targets.open_target(str(output), root, works)
    with (
        tempfile.TemporaryDirectory(prefix="keepwell-predict-") as staging,
        storing(f"{output} was not written"),
    ):
        if not target.work.exists():
            targets.must_be_free(target, overwrite=chosen.overwrite)
        reader = open_rows(str(source), root, _read_by(scorer.signature, chosen), Path(staging))
        answers.must_be_free(reader.names, scorer.signature, str(source))
        purpose = f"keepwell predict {source} -o {output}"
        target.work.mkdir(parents=True, exist_ok=True)
        with exclusive(target.work / "lock", purpose, timeout=0):
            return _Job(scorer, reader, target, chosen, progress or SilentProgress()).run()


class _Job:
    """One execution."""

    def __init__(
        self, scorer: Scorer, reader: Reader, target: Target, options: Options, progress: Progress
    ) -> None:
        self._scorer = scorer
        self._reader = reader
        self._target = target
        self._options = options
        self._progress = progress
        self._start = time.perf_counter()
        self._stamps = reader.stamps()
        about = {
            "source": {"location": reader.location, "files": self._stamps},
            "model": [options.model, options.version],
            "output": [target.location, options.overwrite],
            "rows at once": ROWS_AT_ONCE,
        }
        self._work = Work.open(target.work, about, target.format.suffix)

    def run(self) -> Scored:
        """Do what is left to do."""
        work = self._work
        try:
            if not work.publishing:
                targets.must_be_free(self._target, overwrite=self._options.overwrite)
            done = work.done()
            resumed = sum((work.tally(at).rows for at in done), 0)
            if not work.publishing:
                self._score(frozenset(done), resumed)
            result = self._publish(resumed)
        except (StorageError, OSError):
            if not work.done():
                work.remove()
            raise
        except Exception:  # mending what was wrong changes the source: nothing here would be of use
            work.remove()
            raise
        work.remove()
        return result

    def _score(self, done: frozenset[int], count: int) -> None:
        expected, resumed = self._reader.expected, count
        threads = self._options.threads or os.cpu_count() or 1
        with (  # closed at once, also where an error's traceback still holds them
            contextlib.closing(self._reader.pieces(ROWS_AT_ONCE, done)) as pieces,
            contextlib.closing(in_order(_numbered(pieces), self._piece, threads)) as scored,
        ):
            for piece in scored:
                if self._options.log is not None:
                    self._options.log(self._work.id, piece.number, *piece.answers)
                self._work.commit(piece.number, piece.tally)
                count += piece.tally.rows
                self._tell(count, count - resumed, expected)
        if self._reader.stamps() != self._stamps:
            raise ConflictError(
                f"{self._reader.location} changed while it was read",
                why="the answers would belong to two states of it",
                now="run the same command again once nobody writes it",
            )

    def _piece(self, numbered: "tuple[int, Rows]") -> "_Piece":
        number, rows = numbered
        signature = self._scorer.signature
        scores, rows = _scores(self._scorer, rows, self._reader.location, self._options.complete)
        ids = answers.number_rows(self._work.id, rows.start, rows.given.num_rows)
        table = answers.beside(rows.given, scores, signature, ids, self._options.version)
        self._target.format.write(table, self._work.arriving(number), first=number == 0)
        if self._options.sample:
            _keep_sample(rows.inputs, self._work.sample_at(number))
        kept: tuple[Any, ...] = ()
        if self._options.log is not None:
            kept = (rows.inputs, scores, ids, _keys(rows.given, self._options.key))
        return _Piece(
            number=number, tally=answers.tally(scores, signature, rows.inputs), answers=kept
        )

    def _publish(self, resumed: int) -> Scored:
        work, options = self._work, self._options
        parts = work.done()
        if not parts:
            raise InvalidDataError(
                f"{self._reader.location} has no rows", now="there is nothing to score"
            )
        tallies = [work.tally(at) for at in parts]
        total = sum(tallies, Tally())
        self._progress.update(f"{total.rows:,} rows scored, putting them together", 1.0)
        manifest = {
            "format": 1,
            "id": work.id,
            "source": self._reader.location,
            "model": options.model,
            "version": options.version,
            "rows": total.rows,
            "predictions": total.as_dict(),
            "unseen": {name: to_plain(novel) for name, novel in total.unseen.items()},
            "parts": [
                {"file": f"part-{path.name}", "rows": one.rows}
                for path, one in zip(parts.values(), tallies, strict=True)
            ],
        }
        sample = _sample([work.sample_at(at) for at in parts]) if options.sample else None
        work.announce()
        self._target.publish(list(parts.values()), manifest, overwrite=options.overwrite)
        return Scored(
            id=work.id,
            rows=total.rows,
            resumed=resumed,
            restarted=work.dropped,
            seconds=time.perf_counter() - self._start,
            predictions=total.as_dict(),
            unseen=total.unseen,
            sample=sample,
            absent=tuple(
                item.name
                for item in _read_by(self._scorer.signature, options).inputs
                if item.name not in self._reader.names
                and item.name not in _calculated(self._scorer.signature)
            ),
        )

    def _tell(self, count: int, fresh: int, expected: int | None) -> None:
        passed = time.perf_counter() - self._start
        message = f"{count:,} rows scored"
        if expected is None or count > expected:
            self._progress.update(message)
            return
        left = (expected - count) * passed / fresh
        self._progress.update(message, count / expected, left)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    number: int
    tally: Tally
    answers: tuple[Any, ...]


def _keys(given: pa.Table, name: str) -> pa.Array | None:
    if name not in given.column_names:
        return None
    return given.column(name).cast(pa.string()).combine_chunks().fill_null("")


def _numbered(pieces: Iterator[Rows]) -> Iterator[tuple[int, Rows]]:
    for rows in pieces:
        yield rows.start // ROWS_AT_ONCE, rows


def _read_by(signature: Signature, options: Options) -> Signature:
    """Return what the source is read by: the inputs, or those and what some are calculated from."""
    if options.complete is None:
        return signature
    calculated = _calculated(signature)
    inputs = (replace(f, required=f.required and f.name not in calculated) for f in signature.known)
    return replace(signature, inputs=tuple(inputs))


def _calculated(signature: Signature) -> frozenset[str]:
    return frozenset() if signature.history is None else signature.history.names


def _scores(
    scorer: Scorer, rows: Rows, source: str, complete: Callable[[pa.Table], pa.Table] | None
) -> tuple[Scores, Rows]:
    table = rows.inputs
    if not table.num_columns:  # the model needs none of what the source has
        table = pa.table({"": pa.nulls(rows.given.num_rows)})
    try:
        if complete is not None:
            table = complete(table)
            rows = replace(rows, inputs=table)
        return scorer.batch(table), rows
    except InvalidRequestError as error:
        column, at = error.details.get("column", ""), error.details.get("instance", 0)
        raise InvalidDataError(
            f"row {rows.start + at + 1:,} of {source} does not fit the model: column '{column}'",
            why=error.why,
            now=error.now,
            details={"column": column, "row": rows.start + at + 1},
        ) from error


def _keep_sample(inputs: pa.Table, path: Path) -> None:
    step = max(1, -(-inputs.num_rows // SAMPLED_ROWS))
    some = inputs.take(pa.array(range(0, inputs.num_rows, step)))
    with pa.ipc.new_file(str(path), some.schema) as file:
        file.write_table(some)


def _sample(paths: list[Path]) -> pa.Table:
    tables = []
    for path in paths:
        with pa.ipc.open_file(str(path)) as file:
            tables.append(file.read_all())
    return pa.concat_tables(tables, promote_options="permissive")
