"""How good estimates of performance are, before outcomes come: without shift, with it, with concept drift.

A boosted model is trained on 3,000 rows and its reference fitted on 1,000 others, ten times; each is then
followed through windows of 500 rows whose outcomes are known to the benchmark alone.

    python -m benchmarks.estimation
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from keepwell.core.records import ColumnType, Field, Signature, Task
from keepwell.monitoring.estimation import Answers, estimate, fit_reference
from keepwell.tracking.metrics import Scores, intervals, measure

COLUMNS, WORLDS, WINDOWS = 5, 10, 8
FIELDS = tuple(Field(name=f"x{at}", type=ColumnType.NUMBER) for at in range(COLUMNS))
LABELS = Signature(task=Task.BINARY, target="y", classes=(0, 1), inputs=FIELDS)
NUMBERS = Signature(task=Task.REGRESSION, target="y", inputs=FIELDS)
REGIMES = {"no shift": (0.0, False), "inputs moved": (1.0, False), "concept drift": (0.0, True)}


@dataclass
class Seen:
    """One window: promised on the test rows, estimated, and what outcomes show."""

    promised: float
    guessed: float
    true: float
    inside: bool


def world(seed: int, rows: int, moved: float, turned: bool) -> tuple[Any, Any, Any]:
    """Draw inputs, labels and numbers; noise and chance depend on the first two columns."""
    random = np.random.default_rng(seed)
    x = random.normal(0, 1, (rows, COLUMNS))
    x[:, 0] += moved
    score = 1.5 * x[:, 0] * np.where(turned, -0.3, 1.0) + x[:, 1] * x[:, 2] - 0.5 * x[:, 3] ** 2
    labels = (random.random(rows) < 1 / (1 + np.exp(-score))).astype(int)
    noise = np.exp(0.6 * x[:, 0]) * (2.0 if turned else 1.0)
    return x, labels, 3 * score + noise * random.normal(0, 1, rows)


def follow(labels: bool, regime: str, metrics: tuple[str, ...]) -> Iterator[tuple[str, Seen]]:
    """Yield what every window of every world shows."""
    from lightgbm import LGBMClassifier, LGBMRegressor

    settings: dict[str, Any] = {"n_estimators": 80, "num_leaves": 15, "verbosity": -1, "n_jobs": 1}
    signature = LABELS if labels else NUMBERS
    moved, turned = REGIMES[regime]
    for seed in range(WORLDS):
        x, classes, numbers = world(seed, 4000, 0.0, False)
        y = classes if labels else numbers
        model = (LGBMClassifier if labels else LGBMRegressor)(**settings).fit(x[:3000], y[:3000])

        def said(rows: Any, model: Any = model) -> Answers:
            columns = {f"x{at}": pa.array(rows[:, at]) for at in range(COLUMNS)}
            chances = np.asarray(model.predict_proba(rows)) if labels else None
            return Answers(
                predictions=np.asarray(model.predict(rows)), probabilities=chances, columns=columns
            )

        tested, truth = said(x[3000:]), y[3000:].tolist()
        scores = Scores(predictions=tested.predictions, probabilities=tested.probabilities)
        reference = fit_reference(signature, tested.columns, truth, scores)
        promised = intervals(signature.task, signature.classes, truth, scores, only=set(metrics))
        for window in range(WINDOWS):
            rows, classes, numbers = world(1000 + seed * 100 + window, 500, moved, turned)
            answers = said(rows)
            true = measure(
                signature.task, signature.classes, (classes if labels else numbers).tolist(),
                answers.predictions, answers.probabilities, only=metrics,
            )  # fmt: skip
            found = estimate(
                reference, signature, answers, promised=promised, wanted=metrics
            ).metrics
            for name in metrics:
                low, high = found[name].low or 0.0, found[name].high or 0.0
                yield (
                    name,
                    Seen(
                        promised=promised[name].value,
                        guessed=found[name].value,
                        true=true[name],
                        inside=low <= true[name] <= high,
                    ),
                )


def main() -> None:
    """Print a table."""
    names = ("", "metric", "promised", "outcomes show", "estimated", "mean error", "of no estimate")
    print("|", " | ".join((*names, "in the interval")), "|")
    print("|---" * 8 + "|")
    for labels, metrics in ((True, ("roc_auc", "accuracy", "log_loss")), (False, ("rmse", "mae"))):
        for regime in REGIMES:
            found: dict[str, list[Seen]] = {}
            for name, one in follow(labels, regime, metrics):
                found.setdefault(name, []).append(one)
            for name, seen in found.items():
                print(
                    f"| {regime} | {name}"
                    f" | {np.mean([one.promised for one in seen]):.3f}"
                    f" | {np.mean([one.true for one in seen]):.3f}"
                    f" | {np.mean([one.guessed for one in seen]):.3f}"
                    f" | {np.mean([abs(one.guessed - one.true) for one in seen]):.3f}"
                    f" | {np.mean([abs(one.promised - one.true) for one in seen]):.3f}"
                    f" | {np.mean([one.inside for one in seen]):.0%} |"
                )


if __name__ == "__main__":
    main()
