"""Choosing among candidates by cross-validation, within a budget.

The baseline is tried first: whatever happens, it comes back. Then, unless told otherwise, a portfolio: every
candidate on the first fold (two, where rows are few; a part of its rows, where they are many); the best go
through all folds, so that what is compared was measured on the same rows. Then settings are searched,
each set judged by the first folds before it is given the others.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from keepwell.core.progress import Progress, announce
from keepwell.core.spec import SearchSpec
from keepwell.infrastructure.interruption import heeding
from keepwell.tracking.metrics import direction
from keepwell.training.learners.base import FIRST, UNTRAINED, Candidate, Learner
from keepwell.training.problem import Problem
from keepwell.training.search import spaces
from keepwell.training.search.budget import Budget
from keepwell.training.search.pace import Pace
from keepwell.training.search.portfolio import (
    QUICK,
    WORTH_MORE,
    lean_learners,
    portfolio,
)
from keepwell.training.search.proposals import (
    Grid,
    Optuna,
    Proposal,
    Proposer,
    importances_of_grid,
)
from keepwell.training.search.race import Race
from keepwell.training.search.store import Memory, TrialStore
from keepwell.training.search.trials import Trial, by_first_fold, ranked
from keepwell.training.splits.plans import Fold
from keepwell.training.trained import CurvePoint, SearchReport
from keepwell.training.workers.here import HereRunner
from keepwell.training.workers.runner import Runner

_SMALL = 8_000  # rows; below, one fold is too noisy to judge by, and more folds cost little
_FEWEST_ROWS = 5_000
_LARGE = 20_000  # training rows of a fold, from which on candidates are first tried on a part
_PART = 8_000  # rows of that part
_FIRST_UNTIL = 0.6  # of the budget: who has not begun by then does not
_QUICK_UNTIL = (
    0.25  # of the budget, for what goes before the rest: of few seconds it is no longer quick
)
_FOLDS_SHARE = 0.7  # of what is left then, for the folds that the best have not been through
_BATCH = 4  # proposals between two looks at the scores
_PATIENCE = 32  # proposals without a better one
_WITHOUT_END = 400
_TOLD = 20  # trials of `random` and `tpe`, unless said otherwise
_OF_ONE = 2  # candidates of one learner that go through all folds of few rows
_KEPT_SHARE = 3  # one of so many goes on

# Where each part of the search lies on the bar.
_BASELINE, _CALIBRATION, _PARTS = (0.0, 0.05), (0.05, 0.08), (0.08, 0.2)
_FIRST, _SECOND, _REST = (0.2, 0.4), (0.4, 0.5), (0.5, 0.65)
_SEARCH, _REPEATS = (0.65, 0.88), (0.88, 0.9)


class Search:
    """One search.

    Args:
        problem: What is to be learnt.
        folds: Train and validation rows; those beyond `primary` repeat the cross-validation.
        learners: Who offers candidates, by name; the baseline first.
        budget: What may be spent, on the final fit too.
        progress: Hears how far it is.
        spec: How settings are searched.
        runner: Does the jobs; None: this process.
        store: Keeps finished folds for a search that was killed.
        earlier: What won in earlier runs of the project.
        primary: How many folds make one cross-validation; None: all.
        members: How many models may be fitted to all rows.
        named: The user chose the learners.
        better: Hears when the best gets better.
        after: From the seconds in which a model answers a row to those that are kept for measuring it.

    Attributes:
        interrupted: A Ctrl-C ended it early.
        primary: How many folds candidates were compared on: fewer, where the budget allows no more.
        problem: What is to be learnt.
    """

    def __init__(  # noqa: PLR0913 - the parts of a search
        self,
        problem: Problem,
        folds: Sequence[Fold],
        learners: Mapping[str, Learner],
        budget: Budget,
        progress: Progress,
        *,
        spec: SearchSpec | None = None,
        runner: Runner | None = None,
        store: TrialStore | None = None,
        earlier: Sequence[Candidate] = (),
        primary: int | None = None,
        members: int = 1,
        named: bool = True,
        better: Callable[[CurvePoint], None] = lambda point: None,
        after: Callable[[float], float] = lambda answering: 0.0,
    ) -> None:
        self.interrupted = False
        self.folds = list(folds)
        self.problem = problem
        self._learners = learners
        self._spec = spec or SearchSpec()
        self.primary = primary or len(self.folds)
        self._budget = budget
        self._progress = progress
        self._earlier = earlier
        self._named = named
        self._runner = runner or HereRunner(problem, self.folds, learners, budget.now)
        self._memory = Memory(store, problem, self.folds)
        budget.charge(min(self._memory.spent, 0.75 * budget.seconds))
        few = problem.rows < _SMALL and self.primary > 1
        self._first = [0, 1] if few else [0]
        self._places = 4 if few else 3
        self._pace = Pace(
            problem, self.folds, members=members, parallel=self._runner.parallel, after=after
        )
        self._race = Race(
            problem,
            self.primary,
            self._first,
            budget=budget,
            pace=self._pace,
            runner=self._runner,
            memory=self._memory,
            progress=progress,
            better=better,
        )
        self._finalists: list[Trial] = []
        self._proposed: list[tuple[Proposal, Trial]] = []
        self._proposer: Proposer | None = None
        self._estimate = ""

    @property
    def measuring(self) -> float:
        """Seconds to keep for what comes after the last fit."""
        return self._pace.measuring(self._race.best)

    def run(self) -> list[Trial]:
        """Return all trials, the best first."""
        try:
            with heeding() as self._race.interruption:
                self._compare()
        except KeyboardInterrupt:
            if not any(trial.scores for trial in self._race.trials):
                raise
            self.interrupted = True
        return self._ranked()

    def report(self) -> SearchReport:
        """Return how it went."""
        trials = self._race.trials
        return SearchReport(
            method=self._spec.method,
            tried=len([trial for trial in trials if trial.seconds or trial.sampled]),
            folds=sum(len(trial.seconds) for trial in trials),
            pruned=len([trial for trial in trials if trial.left]),
            resumed=self._memory.found,
            parallel=self._runner.parallel,
            estimate=self._estimate,
            interrupted=self.interrupted,
            curve=tuple(self._race.curve),
            importances=self._importances(),
        )

    def _compare(self) -> None:
        everyone = [self._trial(c) for c in self._portfolio()]
        baseline = [trial for trial in everyone if trial.candidate.learner == FIRST]
        self._finalists = baseline
        here = HereRunner(self.problem, self.folds, self._learners, self._budget.now)
        self._race.through(baseline, range(self.primary), span=_BASELINE, runner=here)
        others = [trial for trial in everyone if trial not in baseline]
        if self._spec.method == "auto":
            self._try_quick(others)
            self._calibrate(others)
            self._try_portfolio(others)
        self._measure_untrained(others)
        self._search()
        best = [trial for trial in self._ranked()[: self._places] if trial.scores]
        self._race.through(best, range(self.primary, len(self.folds)), span=_REPEATS)

    def _portfolio(self) -> list[Candidate]:
        return portfolio(self.problem, self._learners, self._earlier, named=self._named)

    def _trial(self, candidate: Candidate) -> Trial:
        return Trial(candidate=candidate, learner=self._learners[candidate.learner])

    def _try_quick(self, trials: Sequence[Trial]) -> None:
        """Run what takes few rows a second through the first fold, before anything slow may use the time."""
        if self.problem.rows < WORTH_MORE:
            quick = [trial for trial in trials if trial.candidate.learner in QUICK]
            self._race.through(quick, [0], span=_CALIBRATION, until=_QUICK_UNTIL)

    def _calibrate(self, trials: Sequence[Trial]) -> None:
        """Measure one fit, and say what the budget allows."""
        first = next((trial for trial in trials if trial.learner.interruptible), None)
        if first is None:
            return
        share = self._first_share()
        self._race.through([first], [0], share, _CALIBRATION)
        per_fold = self._pace.fold(first, self._race.trials)
        free = max(self._budget.left - self._race.reserve, 0.0)
        if first.failed or per_fold <= 0:
            return
        folds = int(free / per_fold * self._runner.parallel)
        self._estimate = (
            f"about {_seconds(per_fold)} a fold: {self._budget.left:.0f}s are left, "
            f"{_enough(folds, folds // self.primary)}"
        )
        announce(self._progress, self._estimate)

    def _first_share(self) -> float:
        """Return the part of a fold's rows that candidates are first tried on."""
        rows = len(self.folds[0][0])
        return _PART / rows if rows > _LARGE else 1.0

    def _try_portfolio(self, trials: list[Trial]) -> None:
        """Run candidates through parts of a fold, a fold, all folds; fewer each time."""
        if (share := self._first_share()) < 1:
            self._race.through(trials, [0], share, _PARTS)
            known = [trial for trial in trials if trial.sampled and not trial.failed]
            sign = direction(self.problem.metric)
            known.sort(key=lambda trial: -sign * trial.sampled[0])
            fewer = known[: max(self._places + 1, len(known) // 2)]
            for trial in known[len(fewer) :]:
                _leave(trial, "others were better on a part of the rows")
            trials = fewer or trials
        self._race.through(trials, self._first[:1], span=_FIRST, until=_FIRST_UNTIL)
        if len(self._first) > 1:
            known = by_first_fold(trials, self.problem.metric)
            half = [one for one in known if one.scores][: max(2 * self._places, len(known) // 2)]
            self._race.through(half, self._first[1:], span=_SECOND, until=_FIRST_UNTIL)
            leader = next((one for one in half if not one.failed), None)
            if leader is None or len(leader.scores) == 1:
                self._shorten(1)  # no time for its second fold: those who had it decide nothing
        contenders = [trial for trial in self._race.best if trial.candidate.learner != FIRST]
        chosen = self._varied(contenders)
        for trial in contenders:
            if trial not in chosen:
                _leave(trial, "")
        self._settle_folds(chosen)
        self._finalists = chosen + self._finalists
        self._race.through(chosen, range(len(self._first), self.primary), span=_REST)

    def _varied(self, contenders: Sequence[Trial]) -> list[Trial]:
        """Return the best; of few rows two of a learner at most, if others are there.

        What sets the settings of one learner apart is less than the noise of few rows, and a vote gains by
        members that err differently.
        """
        if self.problem.rows >= WORTH_MORE or self._named:
            return list(contenders[: self._places])
        met: dict[str, int] = {}
        first: list[Trial] = []
        rest: list[Trial] = []
        for trial in contenders:
            name = trial.candidate.learner
            met[name] = met.get(name, 0) + 1
            (first if met[name] <= _OF_ONE else rest).append(trial)
        chosen = (first + rest)[: self._places]
        return [trial for trial in contenders if trial in chosen]

    def _measure_untrained(self, trials: Sequence[Trial]) -> None:
        """Take the pretrained model as it is through all folds: what was gained by training is told by it."""
        untrained = [one for one in trials if one.candidate.learner == UNTRAINED]
        if untrained:
            self._race.through(untrained, range(self.primary), span=(_REST[1], _REST[1]))
            measured = [one for one in untrained if len(one.scores) >= self.primary]
            self._finalists += [one for one in measured if one not in self._finalists]

    def _settle_folds(self, chosen: list[Trial]) -> None:
        """Compare on as many folds as those that are left can go through: a vote needs all of them.

        Of few rows, folds are worth more than one trial that takes longer than all others together.
        """
        affordable = self._affordable(chosen)
        if affordable < self.primary and self.problem.rows < WORTH_MORE and not self._named:
            slowest = max(chosen[1:], key=lambda trial: trial.usual_seconds, default=None)
            others = [trial for trial in chosen if trial is not slowest]
            if slowest and slowest.usual_seconds > sum(trial.usual_seconds for trial in others):
                _leave(slowest, "it takes longer than all others together")
                chosen.remove(slowest)
                affordable = self._affordable(chosen)
        if affordable < self.primary:
            told = f"candidates are compared on {affordable} of {self.primary} folds"
            self._estimate = f"{self._estimate}; {told}" if self._estimate else told
            announce(self._progress, told)
            self._shorten(affordable)

    def _affordable(self, chosen: Sequence[Trial]) -> int:
        each = sum(trial.usual_seconds for trial in chosen) / self._runner.parallel
        free = max(self._budget.left - self._race.reserve, 0.0)
        return len(self._first) + int(_FOLDS_SHARE * free / max(each, 1e-9))

    def _shorten(self, folds: int) -> None:
        self.primary = min(self.primary, folds)
        self._first = self._first[:folds]
        self._race.shorten(folds)

    def _search(self) -> None:
        """Try what is proposed, as long as it pays."""
        spec = self._spec
        names = spaces.tuned(spec.space, self._learners)
        if not self._named and not spec.space and self.problem.rows < WORTH_MORE:
            names = [name for name in names if name in lean_learners()]
        limit = self._most_trials()
        if not names or not limit:
            return
        grid = Grid(names, spec) if spec.method == "grid" else None
        self._proposer = proposer = grid or Optuna(names, self._learners, self.problem, spec)
        limit = grid.size if grid is not None and spec.trials is None else limit
        made, since_best, best = 0, 0, self._leading()
        while made < limit and (spec.method != "auto" or since_best < _PATIENCE):
            proposals = proposer.ask(min(_BATCH, limit - made), self._order())
            trials = [self._trial(proposal.candidate) for proposal in proposals]
            done = max(made / limit, self._budget.spent / max(self._budget.seconds, 1e-9))
            span = _at(_SEARCH, done), _at(_SEARCH, min(1.0, done + len(trials) / limit))
            if not trials or not self._try_proposals(proposer, proposals, trials, span):
                return
            made += len(trials)
            since_best = 0 if self._leading() is not best else since_best + len(trials)
            best = self._leading()

    def _try_proposals(
        self,
        proposer: Proposer,
        proposals: Sequence[Proposal],
        trials: Sequence[Trial],
        span: tuple[float, float],
    ) -> bool:
        """Return whether there was time for at least one."""
        self._race.through(trials, self._first, span=span)
        started = [trial for trial in trials if trial.seconds]
        going_on = [trial for trial in started if self._goes_on(trial)]
        self._race.through(going_on, range(len(self._first), self.primary), span=(span[1], span[1]))
        for proposal, trial in zip(proposals, trials, strict=True):
            if not trial.seconds:
                self._race.trials.remove(trial)
                continue
            self._proposed.append((proposal, trial))
            proposer.tell(proposal, self._gain(trial))
            if len(trial.scores) >= self.primary:
                self._finalists.append(trial)
        return bool(started)

    def _goes_on(self, trial: Trial) -> bool:
        """Tell whether a trial is among the best third on the first folds."""
        if trial.failed or self._spec.prune == "none":
            return not trial.failed
        best = [one for one in self._race.best if one.candidate.learner != FIRST]
        if trial not in best:
            return False
        if best.index(trial) < max(1, -(-len(best) // _KEPT_SHARE)):
            return True
        _leave(trial, "stopped early: others were better on the first folds")
        return False

    def _gain(self, trial: Trial) -> float | None:
        """Return how much better than the baseline a trial is, on the same folds."""
        baseline = next((t for t in self._race.trials if t.candidate.learner == FIRST), None)
        if trial.failed or not trial.scores:
            return None
        gains = [
            score - (baseline.scores.get(fold, 0.0) if baseline else 0.0)
            for fold, score in trial.scores.items()
        ]
        return direction(self.problem.metric) * float(np.mean(gains))

    def _most_trials(self) -> int:
        spec, rows = self._spec, self.problem.rows
        if spec.trials is not None:
            return spec.trials
        if spec.method != "auto":
            return _TOLD
        return 12 if rows < 2_000 else 24 if rows < 10_000 else _WITHOUT_END  # noqa: PLR2004

    def _leading(self) -> Trial | None:
        return next(iter(self._race.best), None)

    def _order(self) -> list[str]:
        return list(dict.fromkeys(trial.candidate.learner for trial in self._race.best))

    def _ranked(self) -> list[Trial]:
        if all(trial.candidate.learner == FIRST for trial in self._finalists):
            return by_first_fold(self._race.trials, self.problem.metric)
        others = [trial for trial in self._race.trials if trial not in self._finalists]
        return ranked([self._finalists, others], self.problem.metric)

    def _importances(self) -> dict[str, dict[str, float]]:
        if isinstance(self._proposer, Optuna):
            return self._proposer.importances()
        tried = [
            (proposal.candidate, gain)
            for proposal, trial in self._proposed
            if (gain := self._gain(trial)) is not None
        ]
        return importances_of_grid(tried, self.problem.seed) if tried else {}


def _at(span: tuple[float, float], share: float) -> float:
    return span[0] + (span[1] - span[0]) * min(share, 1.0)


def _leave(trial: Trial, note: str) -> None:
    trial.left = True
    trial.note = trial.note or note


def _enough(folds: int, candidates: int) -> str:
    """Return what the time that is left is enough for.

    >>> _enough(0, 0), _enough(7, 1)
    ('enough for some of it, not for all', 'enough for some 7 folds, 1 candidate in full')
    """
    if folds < 1:
        return "enough for some of it, not for all"
    many = f"{folds:,} fold{'s' * (folds > 1)}"
    whole = max(1, candidates)
    return f"enough for some {many}, {whole:,} candidate{'s' * (whole > 1)} in full"


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f}s" if seconds >= 10 else f"{seconds:.2g}s"  # noqa: PLR2004


def bounded(fold: Fold, columns: int, seed: int, cells: int) -> Fold:
    """Return a fold whose rows are few enough to be searched through."""
    train, held = fold
    most = max(_FEWEST_ROWS, cells // max(columns, 1))
    if len(train) + len(held) <= most:
        return fold
    share = most / (len(train) + len(held))
    random = np.random.default_rng(seed + 2)
    kept = [
        np.sort(random.permutation(rows)[: max(1, round(len(rows) * share))])
        for rows in (train, held)
    ]
    return kept[0], kept[1]
