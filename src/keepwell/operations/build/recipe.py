"""What it takes to make a model again, and how it was judged: kept with the run that made it.

Beside `evaluation.json` a run keeps `recipe.json`, the program `recipe/train.py`, the positions of the
test rows, and the answers to them. The race of candidates is not kept: how far it came depended on the
clock. What it chose is, and that can be made again.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from keepwell.core.errors import KeepwellError
from keepwell.core.records import Evaluation
from keepwell.infrastructure.codec import from_json, to_json

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from keepwell.operations.build.bench import Bench
    from keepwell.tracking.runs import Runs
    from keepwell.training import Trained

EVALUATION, RECIPE = "evaluation.json", "recipe.json"
SCRIPT, TEST_ROWS, WEIGHTS, ROWS, ANSWERS = (
    f"recipe/{name}" for name in ("train.py", "test_rows.i64", "weights.f64", "rows.i64", "answers.f64")
)  # fmt: skip
_JSON, _BYTES = "application/json", "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a model was made.

    Attributes:
        target: The column that is predicted.
        task: As the project file says; empty where it was inferred.
        metric: What it was chosen by.
        candidate: Its name on the leaderboard.
        learner: Who fitted it.
        params: Its settings, boosting rounds included.
        seed: Of every random choice.
        weighted: Rows counted differently.
        script: There is a program that fits it again.
        reason: Why there is none.
    """

    target: str
    task: str = ""
    metric: str
    candidate: str = ""
    learner: str = ""
    params: dict[str, str | int | float | bool | None] = field(default_factory=dict)
    seed: int = 0
    weighted: bool = False
    script: bool = True
    reason: str = ""


def evaluation_of(runs: "Runs", run: str) -> Evaluation | None:
    """Return how a run's model was judged; None if it came from outside, or before that was kept."""
    try:
        return from_json(Evaluation, runs.read(run, EVALUATION))
    except KeepwellError:
        return None


def keep_evidence(
    bench: "Bench",
    run: str,
    table: "pa.Table",
    trained: "Trained",
    *,
    task: str,
    seed: int,
    weights: "NDArray[np.float64] | None",
) -> None:
    """Attach to a run how its model was judged, and what it takes to make it again."""
    runs = bench.runs
    runs.attach(run, EVALUATION, to_json(evaluation(table, trained)), _JSON)
    text, reason = _program(bench.spec.name, trained, weighted=weights is not None)
    best = trained.leaderboard[0].name if trained.leaderboard else ""
    recipe = Recipe(
        target=trained.signature.target,
        task=task,
        metric=trained.metric,
        candidate=best,
        learner=trained.learner,
        params=dict(trained.params),
        seed=seed,
        weighted=weights is not None,
        script=bool(text),
        reason=reason,
    )
    runs.attach(run, RECIPE, to_json(recipe), _JSON)
    if text:
        runs.attach(run, SCRIPT, text.encode(), "text/x-python")
    runs.attach(run, TEST_ROWS, np.asarray(trained.test_rows, dtype=np.int64).tobytes(), _BYTES)
    if weights is not None:
        runs.attach(run, WEIGHTS, np.asarray(weights, dtype=np.float64).tobytes(), _BYTES)
    answers = trained.test_probabilities
    if answers is None and trained.task.numeric:
        answers = np.asarray(trained.test_predictions, dtype=np.float64)
    if answers is not None:
        runs.attach(run, ANSWERS, np.ascontiguousarray(answers, dtype=np.float64).tobytes(), _BYTES)


def evaluation(table: "pa.Table", trained: "Trained") -> Evaluation:
    """Return how a model was judged, with the parts of the test rows that it fails on."""
    from keepwell.training.learners.base import FIRST
    from keepwell.training.slices import Found, worst_slices

    fit = trained.overfit
    baseline = next((row.mean for row in trained.leaderboard if row.learner == FIRST), None)
    found = Found()
    if not trained.task.several:
        found = worst_slices(
            table.take(trained.test_rows),
            trained.signature,
            trained.test_actual,
            trained.test_predictions,
            columns=list(trained.importance),
        )
    naive, usual = _naive(trained)
    return Evaluation(
        metric=trained.metric,
        rows=len(trained.test_rows),
        naive=naive,
        usual=usual,
        baseline=baseline,
        train=fit.train,
        validation=fit.validation,
        test=fit.test,
        gap=fit.gap,
        warning=fit.warning,
        task_reason=trained.task_reason,
        split_reason=trained.split_reason,
        seconds=trained.seconds,
        slices=found.slices,
        searched=found.searched,
        smallest=found.smallest,
    )


def _naive(trained: "Trained") -> tuple[dict[str, float], str]:
    """Return what the best constant answer gets on the test rows, and which it is."""
    from collections import Counter

    if not trained.test_actual or trained.task.several:
        return {}, ""
    if trained.task.numeric:
        truth = np.asarray(trained.test_actual, dtype=np.float64)
        return {
            "mae": float(np.abs(truth - np.median(truth)).mean()),
            "rmse": float(truth.std()),
        }, ""
    label, count = Counter(trained.test_actual).most_common(1)[0]
    return {"accuracy": count / len(trained.test_actual)}, str(label)


def _program(name: str, trained: "Trained", *, weighted: bool) -> tuple[str, str]:
    """Return the program that makes the model again, or why there is none."""
    from keepwell.training.script import script
    from keepwell.training.script.fitting import methods

    try:
        text = script(
            trained.pipeline,
            trained.signature,
            metric=trained.metric,
            told=methods(trained.pipeline, weighted=weighted),
            weighted=weighted,
            title=f"The model '{name}': {trained.learner} on '{trained.signature.target}'.",
        )
        compile(text, "train.py", "exec")
    except Exception as error:  # noqa: BLE001 - a stranger's estimator: the model stands, its code does not
        return "", f"{type(error).__name__}: {error}"
    return text, ""
