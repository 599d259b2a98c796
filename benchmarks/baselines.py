"""Test scores on six public data sets, with no hand-written option, against published baselines.

Each data set goes through `keepwell init` and `keepwell run` as a user would type them. The baselines are
those of the data sets' own README files (scikit-learn's histogram gradient boosting, five folds; bike
sharing: the last 20% in time). Prints a Markdown table; exits 1 if a score misses its baseline by more
than 0.01 (ROC AUC, accuracy) or 2% (RMSE), or a data set takes longer than 60 seconds.

    python -m benchmarks.baselines [FOLDER OF THE DATA SETS]
"""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keepwell.workspace import Workspace

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A data set and the score to reach."""

    name: str
    file: str
    target: str
    metric: str
    baseline: float

    def reached(self, score: float) -> bool:
        """Whether the score is as good as the baseline, within the tolerance."""
        if self.metric == "rmse":
            return score <= self.baseline * 1.02
        return score >= self.baseline - 0.01


CASES = (
    Case(
        name="telco churn",
        file="tabular_telco_churn/telco_churn.csv",
        target="Churn",
        metric="roc_auc",
        baseline=0.8341,
    ),
    Case(
        name="adult income",
        file="tabular_adult_income/adult.csv",
        target="income",
        metric="roc_auc",
        baseline=0.9291,
    ),
    Case(
        name="dry bean",
        file="multiclass_dry_bean/dry_bean.parquet",
        target="Class",
        metric="accuracy",
        baseline=0.9271,
    ),
    Case(
        name="wine quality",
        file="multiclass_wine_quality/wine_quality.csv",
        target="quality",
        metric="rmse",
        baseline=0.6425,
    ),
    Case(
        name="California housing",
        file="regression_california_housing/california_housing.csv",
        target="median_house_value",
        metric="rmse",
        baseline=47_679,
    ),
    Case(
        name="bike sharing, by time",
        file="regression_bike_sharing/bike_sharing_hour.csv",
        target="cnt",
        metric="rmse",
        baseline=65.08,
    ),
)


def main(folder: Path) -> int:
    """Print the table; return 1 if a score or a time is out of bounds."""
    print(
        "| data set | metric | baseline | test (95% interval) | over the folds | model | init + run |"
    )
    print("|---|---|---|---|---|---|---|")
    passed = True
    for case in CASES:
        with tempfile.TemporaryDirectory() as home:
            passed &= measured(case, folder / case.file, Path(home) / "project")
    return 0 if passed else 1


def measured(case: Case, file: Path, project: Path) -> bool:
    """Print one row; return whether score and time are within bounds."""
    start = time.perf_counter()
    command(["init", str(project), "--data", str(file), "--target", case.target], file.parent)
    result = command(["run", "--json"], project)
    seconds = time.perf_counter() - start
    with Workspace.open(project) as workspace:
        run = workspace.runs.get(result["run"]["id"])
        digests = {artifact.name: artifact.digest for artifact in run.artifacts}
        best = json.loads(workspace.blobs.read(digests["leaderboard.json"]))[0]
        version = workspace.registry.get(result["model"]["name"])
        score = run.metrics[case.metric]
    good = case.reached(score.value) and seconds <= SECONDS
    print(
        f"| {case.name} | {case.metric} | {case.baseline:,.6g} "
        f"| {'**' if good else ''}{number(score.value)}{'**' if good else ' (missed)'} "
        f"({number(score.low)} to {number(score.high)}) "
        f"| {version.metric} {number(best['mean'])} | {best['name']} | {seconds:.0f} s |",
        flush=True,
    )
    return good


def command(words: list[str], folder: Path) -> Any:
    """Run the command line as a user would, and return its JSON document."""
    done = subprocess.run(
        [sys.executable, "-m", "keepwell", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"keepwell {' '.join(words)} failed:\n{done.stderr}")
    return json.loads(done.stdout) if "--json" in words else None


def number(value: float | None) -> str:
    """Return a number as the table shows it."""
    if value is None:
        return "?"
    return f"{value:,.0f}" if abs(value) > 1000 else f"{value:.4g}"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED))
