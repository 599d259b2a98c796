"""A challenger: trained on what the world looks like now, judged on the newest rows.

The newest rows with outcomes are kept out of everything: champion and challenger are compared on them.
Before them, the window of training rows is itself a choice that is made by evidence: each window is
tried on the rows just before the test rows, and the best one trains the challenger. Rows from before
the change count fully (`all`), less (`weighted`), or not at all (`recent`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from keepwell.core.errors import KeepwellError, TrainingError
from keepwell.core.progress import Progress
from keepwell.core.records import Column, ModelVersion
from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.operations.build.bench import Bench
from keepwell.operations.build.draft import Draft
from keepwell.operations.build.judge import judge_version
from keepwell.operations.build.learn import learn
from keepwell.operations.build.live_rows import TIME, in_common, keep_live_rows
from keepwell.operations.build.recipe import ROWS
from keepwell.operations.build.retraining.comparison import compare
from keepwell.operations.build.retraining.compression import compress
from keepwell.operations.build.retraining.proof import prove
from keepwell.operations.build.retraining.renewal import renew
from keepwell.operations.build.retraining.tuning import narrowed, tuning_evidence
from keepwell.operations.build.retraining.twins import twins_of
from keepwell.operations.build.stages import register_draft
from keepwell.operations.loop.retrainings import Retraining, RetrainingResult, Window

if TYPE_CHECKING:
    import numpy.typing as npt

TEST_SHARE = 0.3
MIN_TEST, MAX_TEST = 50, 5000
EACH_CLASS = 10
"""Test rows that the second most frequent class should have."""
OLDER_EVERY = 5
"""One in so many of the older live rows is tested on as well, where they count."""
MIN_TRAIN = 100
"""Rows with outcomes that a window must hold before it is worth training on."""

MOST_TWINS = 0.5
"""Share of a window's rows that may be left out because they are those of the test once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """All rows that may be trained on, oldest first; live ones come last.

    Attributes:
        table: The rows.
        times: When each live row was answered, Unix seconds; 0 for rows of the project's dataset.
        test: Positions of the rows that nothing is trained on, in order.
        newest: The first of the newest rows, all of which are among them.
        inputs: The columns that make two rows the same.
        twins: Positions of other rows with the very inputs of a test row, which are not learnt either.
        dataset: The version that holds the live rows.
        base: The version that holds the project's rows.
        columns: Their schema.
    """

    table: pa.Table
    times: npt.NDArray[np.float64]
    test: npt.NDArray[np.int64]
    newest: int
    inputs: tuple[str, ...]
    twins: npt.NDArray[np.int64]
    dataset: str
    base: str
    columns: tuple[Column, ...]


def train_challenger(
    bench: Bench,
    labelled: pa.Table,
    request: Retraining,
    *,
    progress: Progress,
) -> RetrainingResult:
    """Train, register and judge a challenger; nothing is put behind the endpoint.

    What learns from the source itself is trained on what that holds now, whatever the outcomes say. In the
    mode `tune` the search is bounded and begins with what was best; in the mode `compress` nothing is
    trained: the challenger is a lighter form of the champion; nor in the mode `prove`: it is an earlier one.

    Args:
        bench: The workspace's parts.
        labelled: Predictions of the endpoint with their outcomes, oldest first.
        request: What the loop asked for.
        progress: Hears how it goes.

    Raises:
        TrainingError: If there are too few rows with outcomes, or nothing could be trained.
    """
    baseline = bench.registry.get(bench.spec.name, request.baseline)
    if request.mode == "compress":
        return compress(bench, labelled, baseline, request, progress=progress)
    if request.mode == "tune":
        bench = replace(bench, spec=replace(bench.spec, train=narrowed(bench, baseline, request)))
    if baseline.signature.task.from_source:
        return renew(bench, baseline, request, progress=progress)
    _check_logged(bench, baseline)
    if request.mode == "prove":
        return prove(bench, labelled, baseline, request)
    believed = [window.since for window in request.windows if window.since is not None]
    rows = gather(
        bench, labelled, baseline, since=max(believed, default=None), older=not request.mistrusted
    )
    windows = [window for window in request.windows if _size(rows, window) >= MIN_TRAIN]
    if not windows:
        raise TrainingError(
            f"too few rows with outcomes to train on: {len(labelled)} in all",
            why=f"each window needs {MIN_TRAIN} besides the {len(rows.test)} that are kept for the test",
            now="post more outcomes, or lower loop.retrain.min_labels",
        )
    tried_with = request.budget / 2 if len(windows) > 1 else 0.0  # of all windows together
    window, tried = _choose(bench, rows, windows, tried_with / len(windows), progress)
    progress.update(f"training on the window '{window.name}'")
    left = request.budget - tried_with
    draft = _train(bench, rows, window, rows.test, left, progress, request)
    version = register_draft(bench, draft)
    table = rows.table.take(rows.test)
    verdict = judge_version(bench, version, table, champion=request.baseline)
    bench.registry.record_gate(version.model, version.version, verdict)
    comparison = compare(bench, version, baseline, table)
    evidence: dict[str, float | int | str] = {
        f"{version.metric} of window {name}": score for name, score in tried.items()
    }
    if len(rows.twins):
        evidence["rows with the inputs of a test row"] = len(rows.twins)
    if request.mode == "tune":
        evidence |= tuning_evidence(bench, draft.run, comparison)
    return RetrainingResult(
        status="done",
        run=draft.run,
        candidate=version.version,
        verdict=verdict,
        comparison=comparison,
        window=window.name,
        rows=_size(rows, window),
        evidence=evidence,
    )


def _check_logged(bench: Bench, baseline: ModelVersion) -> None:
    """Refuse to learn from rows that lack what the model goes by."""
    hidden = [
        item.name for item in baseline.signature.inputs if item.name in bench.spec.serve.log.redact
    ]
    if hidden:
        raise TrainingError(
            f"live rows lack {', '.join(map(repr, hidden))}, which the model takes",
            why="serve.log.redact keeps these columns out of the prediction log",
            now="train without them (data.ignore), or retrain from the source with `keepwell run`",
            details={"columns": hidden},
        )


def gather(
    bench: Bench,
    labelled: pa.Table,
    baseline: ModelVersion,
    since: float | None = None,
    *,
    older: bool = False,
) -> Rows:
    """Return the project's rows and the live ones, with the newest live ones set aside.

    Args:
        bench: The workspace's parts.
        labelled: Predictions of the endpoint with their outcomes, oldest first.
        baseline: The version that the challenger is compared with.
        since: When the world is believed to have changed.
        older: Set some of the live rows before these aside as well, which the baseline does not know: where
            only inputs moved, they still say which model is better, and few rows prove little.
    """
    from keepwell.training.tasks.multilabel.columns import schema_with_sets, with_sets

    dataset = bench.datasets.get(bench.spec.dataset)
    signature = baseline.signature
    kept = keep_live_rows(bench, labelled, signature)
    names = [field.name for field in signature.inputs] + [signature.target]
    declared = bench.spec.data
    wanted = [name for name in names if name != declared.target] + list(declared.targets)
    base = with_sets(
        bench.datasets.read(dataset, columns=wanted if declared.targets else names), declared
    )
    live = bench.datasets.read(kept).sort_by(TIME)
    table = in_common(base, live, names)
    total = table.num_rows
    seconds = live[TIME].cast(pa.int64()).to_numpy() / 1e6
    # Of the rows since the change, most must be left to learn from.
    recent = np.count_nonzero(seconds >= since) if since is not None else live.num_rows
    fewest = min(MIN_TEST, live.num_rows)
    tested = int(np.clip(TEST_SHARE * recent, fewest, MAX_TEST))
    if signature.task.labelled:
        most = min(MAX_TEST, live.num_rows // 2)
        tested = max(tested, _with_both_classes(live[signature.target], tested, most))
    times = np.concatenate([np.zeros(base.num_rows), seconds])
    test = np.arange(total - tested, total, dtype=np.int64)
    if older and since is not None:
        unknown = np.flatnonzero(times[: total - tested] >= max(baseline.created, 1.0))
        some = unknown[::-OLDER_EVERY][: MAX_TEST - tested]
        test = np.concatenate([some[::-1], test])
    inputs = tuple(field.name for field in signature.inputs)
    return Rows(
        table=table,
        times=times,
        test=test,
        newest=total - tested,
        inputs=inputs,
        twins=twins_of(table, test, inputs, base=base.num_rows),
        dataset=kept.key,
        base=dataset.key,
        columns=tuple(
            column for column in schema_with_sets(dataset.columns, declared) if column.name in names
        ),
    )


def _with_both_classes(target: pa.ChunkedArray, least: int, most: int) -> int:
    """Return how many of the newest rows hold two classes that can be told apart by them, `most` at most.

    Nights in which nothing happens, say, prove nothing about a model of what happens by day.
    """
    newest = target.slice(max(0, len(target) - most)).to_numpy().astype(str)[::-1]
    classes = np.unique(newest)
    if len(classes) == 1:
        return least
    seen = np.cumsum(newest[:, None] == classes, axis=0)
    enough = np.flatnonzero(np.partition(seen, -2, axis=1)[:, -2] >= EACH_CLASS)
    return max(least, int(enough[0]) + 1) if len(enough) else least


def _weights(rows: Rows, window: Window) -> npt.NDArray[np.float64]:
    """Return how much each row counts; twins of test rows do not, unless hardly anything else were left."""
    if window.since is None:
        weights = np.ones(rows.table.num_rows)
    else:
        weights = np.where(rows.times >= window.since, 1.0, window.older)
    learnt = weights > 0
    learnt[rows.test] = False
    lost = np.count_nonzero(learnt[rows.twins])
    if lost <= MOST_TWINS * np.count_nonzero(learnt):
        weights[rows.twins] = 0.0
    return weights


def _size(rows: Rows, window: Window) -> int:
    weights = _weights(rows, window)
    weights[rows.test] = 0
    return int(np.count_nonzero(weights))


def _choose(
    bench: Bench, rows: Rows, windows: list[Window], budget: float, progress: Progress
) -> tuple[Window, dict[str, float]]:
    """Return the window whose model does best on the rows just before the test rows."""
    from keepwell.tracking.metrics import direction

    if len(windows) == 1:
        return windows[0], {}
    since = max((one.since for one in windows if one.since is not None), default=1.0)
    start = rows.newest
    recent = np.count_nonzero(rows.times[:start] >= since)
    held = int(np.clip(TEST_SHARE * recent, MIN_TEST, MAX_TEST))
    validation = np.arange(start - held, start, dtype=np.int64)
    before, base = rows.table.slice(0, start), np.count_nonzero(rows.times == 0)
    twins = twins_of(before, validation, rows.inputs, base=int(base))
    tried: dict[str, Draft] = {}
    for window in windows:
        progress.update(f"trying the window '{window.name}'")
        earlier = replace(
            rows,
            table=before,
            times=rows.times[:start],
            test=validation,
            twins=twins,
        )
        if _size(earlier, window) < MIN_TRAIN:
            continue
        try:
            tried[window.name] = _train(bench, earlier, window, validation, budget, progress, None)
        except KeepwellError as error:  # a window may hold one class only; the others go on
            progress.update(f"the window '{window.name}' cannot be used: {error.what}")
    metric = _common_metric(list(tried.values()))
    if not metric:
        return windows[0], {}
    scores = {name: draft.metrics[metric].value for name, draft in tried.items()}
    best = max(scores, key=lambda name: direction(metric) * scores[name])
    return next(window for window in windows if window.name == best), scores


def _common_metric(drafts: list[Draft]) -> str:
    """Return the metric that all drafts can be compared by: the chosen one, if the rows decide it."""
    if not drafts:
        return ""
    shared = set.intersection(*(set(draft.metrics) for draft in drafts))
    wanted = (drafts[0].metric, "log_loss", "rmse", "accuracy")
    return next((name for name in wanted if name in shared), "")


def _train(
    bench: Bench,
    rows: Rows,
    window: Window,
    test: npt.NDArray[np.int64],
    budget: float,
    progress: Progress,
    request: Retraining | None,
) -> Draft:
    weights = _weights(rows, window)
    used = np.flatnonzero(weights > 0)
    used = np.union1d(used, test)  # test rows stay, whatever their age
    positions = np.searchsorted(used, test)
    data = DataSpec(
        source=bench.spec.data.source,
        target=bench.spec.data.target,
        types=bench.spec.data.types,
        keep=tuple(column.name for column in rows.columns),  # the champion's inputs, all of them
    )
    spec: TrainSpec = replace(bench.spec.train, budget=budget)
    tags = {"window": window.name, "with": rows.base}
    if request is not None:
        tags |= {"mode": request.mode} if request.mode != "train" else {}
        tags |= {"retraining": request.id, "incident": request.incident, "why": request.reason}
    draft = learn(
        bench,
        rows.table.take(used),
        rows.columns,
        data=data,
        spec=spec,
        dataset=rows.dataset,
        kind="retrain" if request is not None else "trial",
        tags=tags,
        progress=progress,
        test_rows=positions.astype(np.int64),
        weights=weights[used],
    )
    bench.runs.attach(draft.run, ROWS, used.astype(np.int64).tobytes())
    return draft
