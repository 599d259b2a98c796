"""What a lighter variant would be: chosen, compiled, proven and measured, and not kept anywhere."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keepwell.core.errors import InvalidDataError, KeepwellError, UsageError
from keepwell.core.progress import Progress, SilentProgress
from keepwell.core.records import Estimate, ModelVersion, Task
from keepwell.operations.build.bench import Bench
from keepwell.operations.build.judge import open_scorer
from keepwell.operations.build.recipe import TEST_ROWS
from keepwell.operations.comparison.ground import own_test_rows
from keepwell.operations.lighter.choosing import MOST_ROWS, Choice, Ground, choose
from keepwell.operations.lighter.evidence import Lighter, Refusal
from keepwell.operations.lighter.keeping import Made, compiled
from keepwell.operations.lighter.timing import timed
from keepwell.tracking.metrics import direction, measure, paired_difference
from keepwell.training.lighter import Form, NotLighterError, Parts, opened

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from keepwell.deployment.scoring import Scores

MAX_LOSS = 0.005
"""Share of the metric's value that may be lost, unless said."""

FEWEST = 100
"""Labelled rows that are needed: half of them choose, the others judge."""

_GAIN = 1.1  # times as fast that it must be, for one row or for many
_TASKS = (Task.BINARY, Task.MULTICLASS, Task.REGRESSION, Task.COUNTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """A lighter variant that could be registered.

    Attributes:
        made: Its pipeline and files.
        evidence: What it gains and costs.
        allowed: The loss that was allowed, in the metric's unit.
        places: Of the rows it was judged on, in the table that its parent was trained on; None if they
            came from elsewhere.
    """

    made: Made
    evidence: Lighter
    allowed: float
    places: "NDArray[np.int64] | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Labelled rows: one part chooses, the other judges.

    Attributes:
        chosen_on: Those that choose.
        judged_on: Those that judge.
        places: Of those that judge, in the table that was trained on; None if they came from elsewhere.
    """

    chosen_on: "pa.Table"
    judged_on: "pa.Table"
    places: "NDArray[np.int64] | None"


def consider(
    bench: Bench,
    version: ModelVersion,
    *,
    max_loss: float = MAX_LOSS,
    rows: "pa.Table | None" = None,
    progress: Progress | None = None,
) -> Considered | Refusal:
    """Return the lighter variant that `lighten` would register, or why there is none.

    Args:
        bench: The workspace's parts.
        version: What is to be made lighter.
        max_loss: Share of the value of the version's metric that may be lost.
        rows: Labelled rows that it has not learnt from; its own test rows unless given.
        progress: Hears how it goes.

    Raises:
        UsageError: If `max_loss` is no share.
    """
    if not 0 <= max_loss < 1:
        raise UsageError(
            f"{max_loss:g} is no loss that could be allowed",
            why="it is a share of the metric's value, from 0 to below 1",
            now="--loss 0.5%, or max_loss=0.005",
        )
    progress = progress or SilentProgress()
    try:
        parts = _parts(bench, version)
        halves = _halves(bench, version, rows)
        table = halves.chosen_on
        ground = Ground(
            parts,
            version.signature,
            version.metric,
            table,
            table[version.signature.target].to_pylist(),
        )
        choice = choose(ground, max_loss, progress)
    except NotLighterError as reason:
        return Refusal(version=version.key, why=str(reason))
    except InvalidDataError as reason:
        return Refusal(version=version.key, why=reason.what, now=reason.now or "")
    if choice.form is None:
        return _none_within(version, choice)
    progress.update("compiling and proving the scorer")
    made = compiled(bench, version, choice.form.built(parts), halves.judged_on)
    progress.update("measuring both")
    return _measured(bench, version, made, halves, choice, choice.form, max_loss)


def _parts(bench: Bench, version: ModelVersion) -> Parts:
    from keepwell.deployment.scoring.original import load_pipeline
    from keepwell.deployment.scoring.scorer import PIPELINE_FILE
    from keepwell.tracking.bundles import unpack

    task, quantiles = version.signature.task, version.signature.quantiles
    if task not in _TASKS or quantiles:
        kind = "quantiles" if quantiles else task.value
        raise NotLighterError(f"a model of {kind} is not made of members and trees alone")
    if version.bundle.file(PIPELINE_FILE) is None:
        raise NotLighterError("it came as a program (ONNX, PyTorch, code of your own)")
    try:
        return opened(load_pipeline(unpack(bench.blobs, version.bundle, PIPELINE_FILE)))
    except KeepwellError as error:
        raise NotLighterError(f"its pipeline cannot be opened: {error.what}") from error


def _halves(bench: Bench, version: ModelVersion, rows: "pa.Table | None") -> Rows:
    """Return rows with what is true, drawn at random into those that choose and those that judge.

    Raises:
        InvalidDataError: If there are too few, or they do not say what is true.
    """
    target = version.signature.target
    table = own_test_rows(bench, version) if rows is None else rows
    if target not in table.column_names:
        raise InvalidDataError(
            f"the rows have no column '{target}'",
            why="what is true has to be known to see what is lost",
            now="name rows that hold it: --rows labelled.csv",
        )
    known = np.flatnonzero(table[target].is_valid().to_numpy(zero_copy_only=False))
    if len(known) < FEWEST:
        raise InvalidDataError(
            f"{len(known)} labelled rows are too few: one half chooses what is left, the other judges it",
            why=f"{FEWEST} are needed",
            now="name more with --rows labelled.csv",
        )
    drawn = np.random.default_rng(0).permutation(known)
    half = min(len(known) // 2, MOST_ROWS)
    first, second = np.sort(drawn[:half]), np.sort(drawn[half:])
    places = None
    if rows is None:
        places = np.frombuffer(bench.runs.read(version.run, TEST_ROWS), dtype=np.int64)[second]
    return Rows(chosen_on=table.take(first), judged_on=table.take(second), places=places)


def _none_within(version: ModelVersion, choice: Choice) -> Refusal:
    if choice.nearest is None:
        why = "nothing that could be left of it costs a fifth less than the whole"
        return Refusal(version=version.key, why=why)
    why = (
        f"each of {choice.tried} lighter forms loses more than {choice.allowed:.3g} {version.metric}, "
        f"or that it does cannot be ruled out on {choice.rows:,} rows; the nearest lost "
        f"{choice.nearest:.3g}"
    )
    return Refusal(version=version.key, why=why, now="allow a larger loss, or name more rows")


def _measured(
    bench: Bench,
    version: ModelVersion,
    made: Made,
    halves: Rows,
    choice: Choice,
    form: Form,
    max_loss: float,
) -> Considered | Refusal:
    """Hold what was made against its parent, in quality and in time."""
    table = halves.judged_on
    scorer = open_scorer(bench, version)
    before, after, loss = _lost(version, table, made.scores, scorer.batch(table, lenient=True))
    allowed = max_loss * abs(before)
    if loss.value > allowed:
        return Refusal(
            version=version.key,
            why=f"what was chosen ({form.words}) loses {loss.value:.3g} {version.metric} on "
            f"{table.num_rows:,} rows that did not choose it, more than {allowed:.3g}",
            now="allow a larger loss, or name more rows",
        )
    sizes = (
        {file.name: file.size for file in version.bundle.files},
        {name: len(data) for name, data in made.files.items()},
    )
    heavy, light = timed((scorer, made.scorer), sizes, version.signature, table)
    evidence = Lighter(
        parent=version.key,
        form=form.words,
        metric=version.metric,
        max_loss=max_loss,
        chosen_on=choice.rows,
        rows=table.num_rows,
        before=before,
        after=after,
        loss=loss,
        tried=choice.tried,
        heavy=heavy,
        light=light,
    )
    if max(evidence.row_gain, evidence.batch_gain) < _GAIN:
        return Refusal(
            version=version.key,
            why=f"what could be left ({form.words}) is hardly faster: one row "
            f"{evidence.row_gain:.2f}x, {heavy.batch:,} rows {evidence.batch_gain:.2f}x",
        )
    return Considered(made=made, evidence=evidence, allowed=allowed, places=halves.places)


def _lost(
    version: ModelVersion, table: "pa.Table", light: "Scores", heavy: "Scores"
) -> tuple[float, float, Estimate]:
    """Return the metric before and after, and what is lost with its interval, above 0 for worse."""
    signature, metric = version.signature, version.metric
    actual = table[signature.target].to_pylist()
    task, classes = signature.task, signature.classes
    gap = paired_difference(metric, task, classes, actual, light, heavy)
    before, after = (
        measure(task, classes, actual, each.predictions, each.probabilities)[metric]
        for each in (heavy, light)
    )
    if direction(metric) < 0:
        return before, after, gap
    low = None if gap.high is None else -gap.high
    return (
        before,
        after,
        Estimate(value=-gap.value, low=low, high=None if gap.low is None else -gap.low),
    )
