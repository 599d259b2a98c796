"""From a table to a bank of classifiers, one a label, with the evidence for it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.core.progress import Progress
from keepwell.core.records import Column, Signature, Task
from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.features.decoding import Decoder
from keepwell.features.origins import origins
from keepwell.features.preparation import Flavour
from keepwell.features.signature import infer_signature
from keepwell.tracking.metrics import Scores, intervals
from keepwell.tracking.metrics.catalog import check_metric, default_metric, direction
from keepwell.tracking.metrics.multilabel import indicators, measure_sets
from keepwell.training.guards.guarding import guard_unlabelled
from keepwell.training.learners.base import Candidate, Learner, Watch, installed
from keepwell.training.plots.tables import candidates as candidates_plot
from keepwell.training.plots.tables import importances
from keepwell.training.problem import Matrix, Problem
from keepwell.training.profiling import training_profile
from keepwell.training.search.budget import Budget
from keepwell.training.search.matrices import apply, prepare
from keepwell.training.splits.plans import Plan, folds
from keepwell.training.splits.plans import test_rows as drawn
from keepwell.training.tasks.multilabel.reading import Sets, read_sets
from keepwell.training.threads import threads_for
from keepwell.training.trained import Finding, LeaderboardRow, Overfit, Trained

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_FOLDS = 3
_EACH = 2  # candidates of a learner: every one is fitted once a label
_SHARE = 0.6  # of the budget, for comparing
_HALF = 0.5
_ROUNDS = 100


@dataclass(slots=True, kw_only=True)
class Attempt:
    """A candidate with what was seen of it."""

    candidate: Candidate
    learner: Learner
    scores: list[float] = field(default_factory=list)
    seconds: float = 0.0
    note: str = ""

    def row(self) -> LeaderboardRow:
        """Return it as the leaderboard shows it."""
        several = len(self.scores) > 1
        return LeaderboardRow(
            name=self.candidate.name, learner=self.candidate.learner, params=self.candidate.params,
            mean=float(np.mean(self.scores)) if self.scores else None,
            low=min(self.scores) if several else None, high=max(self.scores) if several else None,
            scores=tuple(self.scores), seconds=round(self.seconds, 3), note=self.note,
        )  # fmt: skip


def train_labels(
    table: pa.Table,
    columns: Sequence[Column],
    data: DataSpec,
    spec: TrainSpec,
    progress: Progress,
    test_rows: "ArrayLike | None" = None,
) -> Trained:
    """Learn which labels apply, and measure it on rows that no choice saw.

    Raises:
        TrainingError: If no two labels can be learnt; says what to do.
    """
    from sklearn.pipeline import Pipeline

    budget = Budget(spec.budget)
    read = read_sets(table, columns, data)
    rows = table.take(pa.array(read.rows))
    guarded = guard_unlabelled(rows, columns, data, without=(data.target,))
    signature = infer_signature(
        rows, columns, guarded.inputs, data.target, Task.MULTILABEL, read.classes
    )
    test = _test(read, table.num_rows, spec, test_rows)
    used = np.setdiff1d(np.arange(len(read.sets)), test)
    frame = Decoder(signature).table(rows)
    flags = indicators(read.sets, read.classes)
    metric = check_metric(spec.metric or default_metric(Task.MULTILABEL), Task.MULTILABEL)
    problem = Problem(
        signature=replace(signature, task=Task.BINARY, classes=(0, 1)), frame=frame.iloc[used],
        target=flags[used].astype(np.int64), weights=None, metric="log_loss", seed=spec.seed,
        jobs=threads_for(len(used), len(guarded.inputs)),
    )  # fmt: skip
    tried = _attempts(problem, metric, spec, budget, progress)
    best = tried[0]
    progress.update(f"fitting {best.candidate.name} to all rows", fraction=0.8)
    prepared, matrix = prepare(problem, best.learner.flavour)
    model = _fit(best, problem, matrix, problem.target)
    pipeline = Pipeline([("prepare", prepared), ("model", model)])
    return _reported(
        rows, read, signature, pipeline, tried, metric, guarded.findings, (used, test), spec, budget
    )


def _test(read: Sets, rows: int, spec: TrainSpec, given: "ArrayLike | None") -> "NDArray[np.int64]":
    if given is not None:
        chosen = np.zeros(rows, dtype=bool)
        chosen[np.asarray(given)] = True
        return np.flatnonzero(chosen[read.rows])
    plan = Plan(by="random", reason="rows drawn at random")
    return drawn(plan, len(read.sets), spec.split.test, spec.seed)


def _attempts(
    problem: Problem, metric: str, spec: TrainSpec, budget: Budget, progress: Progress
) -> list[Attempt]:
    learners = installed(spec.learners)
    tried = [
        Attempt(candidate=candidate, learner=learner)
        for learner in learners.values()
        for candidate in list(learner.candidates(replace(problem, target=problem.target[:, 0])))[
            :_EACH
        ]
    ]
    plan = Plan(by="random", reason="")
    for number, (train, held) in enumerate(folds(plan, np.arange(problem.rows), _FOLDS, spec.seed)):
        made: dict[Flavour, tuple[Matrix, Matrix]] = {}
        for at, one in enumerate(tried):
            if one.note or (at and budget.spent > _SHARE * budget.seconds):
                one.note = one.note or "not every fold fitted into the budget"
                continue
            progress.update(
                f"trying {one.candidate.name}", 0.8 * (number + at / len(tried)) / _FOLDS
            )
            start = budget.spent
            flavour = one.learner.flavour
            if flavour not in made:
                prepared, matrix = prepare(problem, flavour, train)
                made[flavour] = matrix, apply(prepared, flavour, problem.frame.iloc[held])
            fitted = _fit(one, problem, made[flavour][0], problem.target[train])
            said = fitted.predict_proba(made[flavour][1].values) >= _HALF
            one.scores.append(measure_sets(problem.target[held].astype(bool), said)[metric])
            one.seconds += budget.spent - start
    sign = direction(metric)
    return sorted(
        tried,
        key=lambda one: (-len(one.scores), -sign * float(np.mean(one.scores)) if one.scores else 0),
    )


def _fit(one: Attempt, problem: Problem, matrix: Matrix, flags: "NDArray[np.int64]") -> Any:
    from keepwell.features.estimators.labelled import LabelBank

    watch = Watch(rounds=_ROUNDS)
    members = []
    for at in range(flags.shape[1]):
        target = flags[:, at]
        asked = one
        if len(np.unique(target)) == 1:  # in this fold; the baseline says so of every row
            target = np.append(target[:-1], 1 - target[0])
        fitted = asked.learner.fit(
            asked.candidate, replace(problem, target=target), matrix, target, None, watch
        )
        members.append(fitted.model)
    return LabelBank(members).fit(matrix.values)


def _reported(  # noqa: PLR0913, PLR0917 (the parts of what is reported)
    rows: pa.Table,
    read: Sets,
    signature: Signature,
    pipeline: Any,
    tried: list[Attempt],
    metric: str,
    findings: tuple[Finding, ...],
    parts: "tuple[NDArray[np.int64], NDArray[np.int64]]",
    spec: TrainSpec,
    budget: Budget,
) -> Trained:
    used, test = parts
    frame = Decoder(signature).table(rows)
    chances = np.asarray(pipeline.predict_proba(frame.iloc[test]), dtype=np.float64)
    said = [[signature.classes[at] for at in np.flatnonzero(row >= _HALF)] for row in chances]
    scores = Scores(predictions=said, probabilities=chances)
    actual = [read.sets[at] for at in test]
    metrics = intervals(Task.MULTILABEL, signature.classes, actual, scores, seed=spec.seed)
    leaderboard = tuple(one.row() for one in tried)
    shares = _shares(pipeline, signature)
    task = f"{read.reason}, of which a row may have several: the task is multilabel"
    split = f"{len(test):,} of {len(read.sets):,} rows are for the test: rows drawn at random"
    told = (
        Finding(column=signature.target, message=task, kind="task"),
        Finding(column="", message=split, kind="split"),
        *read.findings,
        *findings,
    )
    return Trained(
        task=Task.MULTILABEL, task_reason=read.reason, split_reason="rows drawn at random",
        signature=signature, pipeline=pipeline, learner=tried[0].candidate.learner,
        params=tried[0].candidate.params, metric=metric, metrics=metrics, leaderboard=leaderboard,
        importance=shares, findings=told, test_rows=read.rows[test], test_actual=actual,
        test_predictions=said, test_probabilities=chances,
        plots={
            "importance": importances(shares),
            "cross_validation": candidates_plot(leaderboard, metric),
        },
        profile=training_profile(rows, used, signature, scores),
        overfit=Overfit(
            metric=metric, train=None, validation=leaderboard[0].mean, test=metrics[metric].value
        ),
        seconds=budget.spent,
    )  # fmt: skip


def _shares(pipeline: Any, signature: Signature) -> dict[str, float]:
    """Return the share of every input, mean over the labels."""
    prepared, bank = pipeline.named_steps["prepare"], pipeline.named_steps["model"]
    totals = dict.fromkeys((field.name for field in signature.inputs), 0.0)
    names = origins(prepared)
    for member in bank.members:
        if hasattr(member, "booster_"):
            strengths = np.asarray(member.booster_.feature_importance("gain"), dtype=np.float64)
        elif hasattr(member, "coef_"):
            strengths = np.abs(np.atleast_2d(member.coef_)).sum(axis=0)
        else:
            continue
        whole = strengths.sum() or 1.0
        for name, strength in zip(names, strengths.tolist(), strict=True):
            totals[name] += float(strength / whole / len(bank.members))
    return dict(sorted(totals.items(), key=lambda item: -item[1]))
