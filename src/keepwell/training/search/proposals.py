"""Who says which settings are tried next: every combination, chance, or Optuna.

Law: proposals depend on the seed and on the scores that were told, in their order, and on nothing else.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from keepwell.core.spec import SearchSpec
from keepwell.training.learners.base import Candidate, Learner
from keepwell.training.problem import Problem
from keepwell.training.search import spaces

_STARTUP = 6  # trials of a learner that are drawn by chance before its scores are modelled
_ATTEMPTS = 20  # to propose something that was not proposed before
_TURNS = (0, 0, 1, 0, 0, 1, 2)  # places whose learner is tuned, turn by turn
_FEWEST_FOR_IMPORTANCE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Settings, and what Optuna knows them by."""

    candidate: Candidate
    handle: Any = None


class Proposer(Protocol):
    """Proposes settings, and hears what became of them."""

    def ask(self, count: int, order: Sequence[str]) -> list[Proposal]:
        """Return so many proposals, or fewer when there are no more.

        Args:
            count: How many.
            order: Learners, the one with the best score so far first.
        """
        ...

    def tell(self, proposal: Proposal, score: float | None) -> None:
        """Hear a score, of which more is better; None if there is none."""
        ...


class Grid:
    """Every combination, in the order of the project file."""

    def __init__(self, names: Sequence[str], spec: SearchSpec) -> None:
        self._waiting = [
            Candidate(
                name=f"{name}/grid-{number}",
                learner=name,
                params=params,
                preparation=prepared,
                source="grid",
            )
            for name in names
            for number, (params, prepared) in enumerate(spaces.combinations(name, spec.space), 1)
        ]
        self.size = len(self._waiting)

    def ask(self, count: int, order: Sequence[str]) -> list[Proposal]:
        """Return the next ones."""
        asked, self._waiting = self._waiting[:count], self._waiting[count:]
        return [Proposal(candidate=candidate) for candidate in asked]

    def tell(self, proposal: Proposal, score: float | None) -> None:
        """Learn nothing."""


class Optuna:
    """One study for each learner: its own space, its own model of what is good.

    Args:
        names: Learners to tune.
        learners: All learners.
        problem: What is to be learnt.
        spec: Space, and `random` or `tpe`.
    """

    def __init__(
        self,
        names: Sequence[str],
        learners: Mapping[str, Learner],
        problem: Problem,
        spec: SearchSpec,
    ) -> None:
        self._names = list(names)
        self._learners = learners
        self._problem = problem
        self._spec = spec
        self._method = "random" if spec.method == "random" else "tpe"
        self._studies = {
            name: _study(self._method, problem.seed + 7919 * number)
            for number, name in enumerate(self._names)
        }
        self._made: dict[str, int] = dict.fromkeys(self._names, 0)
        self._seen: set[str] = set()
        self._turn = 0

    def ask(self, count: int, order: Sequence[str]) -> list[Proposal]:
        """Return proposals that were not made before; most for the learner that leads."""
        made = []
        for _ in range(count):
            proposal = self._next(self._whose(order))
            if proposal is not None:
                made.append(proposal)
        return made

    def tell(self, proposal: Proposal, score: float | None) -> None:
        """Tell the learner's study."""
        from optuna.trial import TrialState

        name, trial = proposal.handle
        if score is None:
            self._studies[name].tell(trial, state=TrialState.FAIL)
        else:
            self._studies[name].tell(trial, score)

    def importances(self) -> dict[str, dict[str, float]]:
        """Return by learner the share of each setting in how much scores differ (fANOVA)."""
        return {
            name: shares
            for name, study in self._studies.items()
            if (shares := importances_of(study, self._problem.seed))
        }

    def _whose(self, order: Sequence[str]) -> str:
        """Return whose turn it is: by chance each in turn, else by place."""
        self._turn += 1
        if self._method == "random":
            return self._names[(self._turn - 1) % len(self._names)]
        placed = [name for name in order if name in self._studies] or self._names
        return placed[min(_TURNS[self._turn % len(_TURNS)], len(placed) - 1)]

    def _next(self, name: str) -> Proposal | None:
        from optuna.trial import TrialState

        study, learner = self._studies[name], self._learners[name]
        for _ in range(_ATTEMPTS):
            trial = study.ask()
            params, prepared = spaces.settings(
                trial, name, learner, self._spec.space, self._problem
            )
            key = repr((name, sorted(params.items()), sorted(prepared.items())))
            if key in self._seen:
                study.tell(trial, state=TrialState.FAIL)
                continue
            self._seen.add(key)
            self._made[name] += 1
            candidate = Candidate(
                name=f"{name}/{self._method}-{self._made[name]}",
                learner=name,
                params=params,
                preparation=prepared,
                source=self._method,
            )
            return Proposal(candidate=candidate, handle=(name, trial))
        return None


def _study(method: str, seed: int) -> Any:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler: Any = (
            optuna.samplers.RandomSampler(seed=seed)
            if method == "random"
            else optuna.samplers.TPESampler(
                seed=seed, multivariate=True, n_startup_trials=_STARTUP, constant_liar=True
            )
        )
    return optuna.create_study(direction="maximize", sampler=sampler)


def importances_of(study: Any, seed: int) -> dict[str, float]:
    """Return the share of each setting of a study; nothing if it has too few trials to tell."""
    import optuna

    done = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    if len(done) < _FEWEST_FOR_IMPORTANCE or len({trial.value for trial in done}) == 1:
        return {}
    evaluator = optuna.importance.FanovaImportanceEvaluator(n_trees=32, seed=seed)
    try:
        found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    except (ValueError, RuntimeError):  # settings that all have one value
        return {}
    return {name: float(share) for name, share in found.items()}


def importances_of_grid(
    tried: Sequence[tuple[Candidate, float]], seed: int
) -> dict[str, dict[str, float]]:
    """Return the same of a grid: by learner, from its settings and their scores."""
    import optuna

    found = {}
    for name in dict.fromkeys(candidate.learner for candidate, _ in tried):
        rows = [
            (
                candidate.params
                | {f"{spaces.PREPARATION}.{key}": v for key, v in candidate.preparation.items()},
                score,
            )
            for candidate, score in tried
            if candidate.learner == name
        ]
        values: dict[str, list[Any]] = {}
        for params, _ in rows:
            for key, value in params.items():
                if value not in values.setdefault(key, []):
                    values[key].append(value)
        varied: dict[str, Any] = {
            key: optuna.distributions.CategoricalDistribution(choices)
            for key, choices in values.items()
            if len(choices) > 1
        }
        if not varied:
            continue
        study = _study("random", seed)
        for params, score in rows:
            chosen = {key: params[key] for key in varied}
            study.add_trial(
                optuna.trial.create_trial(params=chosen, distributions=varied, value=score)
            )
        if shares := importances_of(study, seed):
            found[name] = shares
    return found
