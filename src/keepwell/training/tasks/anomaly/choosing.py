"""Which detector is best, on rows that it has not learnt from."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.core.features import AS_USUAL, FeaturesSpec
from keepwell.core.progress import Progress
from keepwell.core.records import Signature
from keepwell.core.spec import DataSpec
from keepwell.features.decoding import Decoder
from keepwell.features.preparation import preparation
from keepwell.tracking.metrics.oddity import measure_oddity
from keepwell.training.search.budget import Budget
from keepwell.training.tasks.anomaly.exam import oddity_exam
from keepwell.training.tasks.clustering.exam import dense
from keepwell.training.trained import LeaderboardRow

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAMES = {
    "spread": "baseline",
    "tails": "tails",
    "ellipse": "ellipse",
    "forest": "forest",
    "neighbours": "neighbours",
}
_FOLDS = 3
_SHARE = 0.6  # of the budget, for comparing
_MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was chosen.

    Attributes:
        detector: The best one.
        metric: What decided: the one that was asked for, or where the labels cannot decide it, `made_auc`.
        leaderboard: All, the best first.
    """

    detector: str
    metric: str
    leaderboard: tuple[LeaderboardRow, ...]


def choose(  # noqa: PLR0913, PLR0917 (what a search needs)
    table: pa.Table,
    signature: Signature,
    data: DataSpec,
    metric: str,
    contamination: float,
    seed: int,
    budget: Budget,
    progress: Progress,
    features: FeaturesSpec = AS_USUAL,
) -> Choice:
    """Return the detector that does best on held-out rows."""
    random = np.random.default_rng(seed)
    order = random.permutation(table.num_rows)[:_MOST_ROWS]
    scores: dict[str, list[dict[str, float]]] = {name: [] for name in NAMES}
    seconds = dict.fromkeys(NAMES, 0.0)
    for fold, held in enumerate(np.array_split(order, _FOLDS)):
        rest = np.setdiff1d(order, held)
        prepared = preparation(signature, "linear", features=features, for_distances=True)
        decoder = Decoder(signature, lenient=True)
        values = dense(prepared.fit_transform(decoder.table(table.take(rest))))
        exam = oddity_exam(signature, table.take(held), data)
        asked = dense(prepared.transform(decoder.table(exam.table)))
        for at, name in enumerate(NAMES):
            if at and budget.spent > _SHARE * budget.seconds:
                continue
            progress.update(
                f"trying {NAMES[name]}", fraction=(fold + at / len(NAMES)) / _FOLDS * 0.7
            )
            start = budget.spent
            odd = _odd(name, values, asked, contamination, seed)
            everything = np.arange(len(exam.actual))
            scores[name].append(measure_oddity(exam.actual, odd, everything))
            seconds[name] += budget.spent - start
    sure = all(metric in one for made in scores.values() for one in made)
    decided = metric if sure else "made_auc"
    rows = [
        _row(name, [one[decided] for one in made], seconds[name]) for name, made in scores.items()
    ]
    by_name = {row.name: name for row, name in zip(rows, scores, strict=True)}
    whole = max(len(row.scores) for row in rows)
    rows.sort(key=lambda row: (len(row.scores) < whole, -(row.mean or 0.0)))
    return Choice(detector=by_name[rows[0].name], metric=decided, leaderboard=tuple(rows))


def _odd(
    name: str,
    values: "NDArray[np.float64]",
    asked: "NDArray[np.float64]",
    contamination: float,
    seed: int,
) -> "NDArray[np.float64]":
    from keepwell.features.oddity.estimator import Oddity

    model: Any = Oddity(detector=name, contamination=contamination, seed=seed).fit(values)
    return np.asarray(model.predict_proba(asked)[:, 1])


def _row(name: str, scores: list[float], seconds: float) -> LeaderboardRow:
    several = len(scores) > 1
    return LeaderboardRow(
        name=NAMES[name],
        learner=NAMES[name],
        params={"detector": name},
        mean=float(np.mean(scores)) if scores else None,
        low=min(scores) if several else None,
        high=max(scores) if several else None,
        scores=tuple(scores),
        seconds=round(seconds, 3),
        note="" if scores else "not tried within the budget",
    )
