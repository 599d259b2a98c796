"""Training: from a table with a target to a fitted model, and the evidence for it.

    trained = train(table, columns, DataSpec(source="", target="Churn"), TrainSpec())
    trained.metrics["roc_auc"]      # on rows that no choice ever saw, with an interval
    trained.leaderboard[0].name     # "lightgbm/small"
    trained.findings                # what was left out, and why

The story, one module each: read the `targets`, plan the split (`planning`, `splits`, `division`), guard
against leaks (`guards`), offer candidates (`learners`), choose by cross-validation within the budget
(`search`), fit the winner to all rows (`fitting`), measure it on untouched rows (`evaluation`).
`gates` decides whether a version may go live.
"""

from keepwell.training.afterwards import Following
from keepwell.training.search.budget import Budget
from keepwell.training.trained import (
    CurvePoint,
    Finding,
    LeaderboardRow,
    Overfit,
    SearchReport,
    Trained,
)
from keepwell.training.trainer import Past, load_libraries, train

__all__ = [
    "Budget",
    "CurvePoint",
    "Finding",
    "Following",
    "LeaderboardRow",
    "Overfit",
    "Past",
    "SearchReport",
    "Trained",
    "load_libraries",
    "train",
]
