"""Candidates compared fold by fold, fewer each time, and the best fitted to all rows."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from keepwell.core.errors import TrainingError
from keepwell.core.progress import Progress
from keepwell.tracking.metrics.catalog import direction
from keepwell.training.search.budget import Budget
from keepwell.training.search.jobs import ran_out
from keepwell.training.search.store import Memory, TrialStore
from keepwell.training.tasks.comparing import (
    Attempt,
    Contest,
    Terms,
    Turn,
    best_first,
    unbeaten,
)
from keepwell.training.tasks.multilabel.bench import LabelBench, Trial
from keepwell.training.trained import Finding
from keepwell.training.workers.choice import cells_of, is_ours, open_bench
from keepwell.training.workers.grant import Grant
from keepwell.training.workers.runner import Runner

_EACH = 2  # candidates of a learner: every one is fitted once a label
_FEWEST = 4  # candidates that are seen on every fold
_TERMS = Terms(share=0.6)


def open_labels(trial: Trial, memory: Grant | None, seconds: float) -> Runner:
    """Return who does the jobs: each fits a candidate once a label."""
    problem = trial.problem
    return open_bench(
        LabelBench(trial),
        cells=cells_of(problem) * problem.target.shape[1],
        memory=memory,
        seconds=seconds,
        ours=all(is_ours(one) for one in trial.learners.values()),
    )


class Comparison:
    """Tries candidates on fold after fold, fewer each time, and fits the best.

    Args:
        trial: What is learnt.
        runner: Does the jobs.
        budget: What may be spent.
        progress: Hears how far it is.
        store: Finished jobs of a run that was killed; takes in those of this run.
    """

    def __init__(
        self,
        trial: Trial,
        runner: Runner,
        budget: Budget,
        progress: Progress,
        store: TrialStore | None = None,
    ) -> None:
        self._trial = trial
        self._contest = Contest(
            LabelBench(trial), runner, budget, progress,
            memory=Memory.of(store, trial), terms=_TERMS,
        )  # fmt: skip
        one = replace(trial.problem, target=trial.problem.target[:, 0])
        self.tried = [
            Attempt(candidate=candidate)
            for learner in trial.learners.values()
            for candidate in list(learner.candidates(one))[:_EACH]
        ]

    def run(self) -> list[Attempt]:
        """Return those that were tried, the best first. A Ctrl-C ends it early."""
        for number in range(len(self._trial.folds)):
            if not self._contest.interrupted:
                racing = self.tried if not number else self._finalists()
                self._contest.compare(self._turns(racing, number))
        return best_first(self.tried, direction(self._trial.metric))

    def fitted(self, tried: list[Attempt]) -> tuple[Attempt, Any]:
        """Return the first of these that can be fitted to all rows in time, and its pipeline.

        Raises:
            TrainingError: If not even the baseline can.
        """
        found = self._contest.fitted(tried)
        if found is None:
            raise TrainingError(
                "no candidate could be fitted to all rows",
                why=next(
                    (one.note for one in tried if one.first), "there is no baseline among them"
                ),
                now="leave out columns with `ignore:` under `data:`, or load fewer rows",
            )
        return found

    def findings(self, best: Attempt) -> tuple[Finding, ...]:
        """Return what the reader should know of how the search went."""
        told = list(self._contest.findings(best))
        others = [one for one in self.tried if not one.first]
        message = ""
        if best.first and unbeaten(self.tried, direction(self._trial.metric)):
            message = (
                "nothing beat the baseline, which ignores the inputs: they may not tell the labels"
            )
        elif others and not any(one.scores for one in others) and not self._contest.interrupted:
            message = _alone(others)
        if message:
            told.append(Finding(column="", message=message, kind="search"))
        return tuple(told)

    def _turns(self, racing: list[Attempt], number: int) -> Iterator[Turn]:
        folds = len(self._trial.folds)
        for at, one in enumerate(racing):
            yield Turn(attempt=one, fold=number, done=(number + at / len(racing)) / folds)

    def _finalists(self) -> list[Attempt]:
        """Return those that go on to the next fold, the best first; the others say why not."""
        ordered = best_first(self.tried, direction(self._trial.metric))
        ordered = [one for one in ordered if one.scores and not one.note]
        kept = max(_FEWEST, -(-len(ordered) // 2))
        for one in ordered[kept:]:
            one.note = "left after the first folds: others were better"
        return ordered[:kept]


def _alone(others: list[Attempt]) -> str:
    """Return why there is nothing but the baseline: no time, or all others failed."""
    failed = [one for one in others if one.over and not ran_out(one.note)]
    if len(failed) < len(others):
        return (
            "the budget was too short for anything but the baseline: it ignores the inputs; raise "
            "`budget:` under `train:`"
        )
    return (
        "all others failed, so the baseline is left, which ignores the inputs: "
        f"{failed[0].candidate.name} {failed[0].note}"
    )
