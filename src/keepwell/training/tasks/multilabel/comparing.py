"""Candidates compared fold by fold, fewer each time, and the best fitted to all rows."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from keepwell.core.errors import TrainingError
from keepwell.core.progress import Progress
from keepwell.tracking.metrics.catalog import direction
from keepwell.training.search.budget import Budget
from keepwell.training.search.store import Memory, TrialStore
from keepwell.training.tasks.comparing import Attempt, Contest, Terms, Turn, best_first
from keepwell.training.tasks.multilabel.bench import LabelBench, Trial
from keepwell.training.trained import Finding
from keepwell.training.workers.choice import is_ours, open_bench
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
        cells=problem.rows * len(problem.signature.inputs) * problem.target.shape[1],
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
        baseline = [one for one in tried if one.first]
        found = self._contest.fitted([*tried, *baseline])
        if found is None:
            raise TrainingError(
                "no candidate could be fitted to all rows",
                why=baseline[0].note if baseline else "there was no time for one",
                now="raise `budget:` under `train:`",
            )
        return found

    def findings(self, best: Attempt) -> tuple[Finding, ...]:
        """Return what the reader should know of how the search went."""
        told = list(self._contest.findings(best))
        if best.first and len(self.tried) > 1:
            missed = all(not one.scores for one in self.tried if one is not best)
            message = (
                "the budget was too short for anything but the baseline: it ignores the inputs; raise "
                "`budget:` under `train:`"
                if missed
                else "nothing beat the baseline, which ignores the inputs: they may not tell the labels"
            )
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
