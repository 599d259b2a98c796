"""The laws of `Learner`; `make()` returns a new one, as its entry point does."""

# ruff: noqa: D103, PLR2004 (a law's name is its sentence, its numbers are its example)

import copy
import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from keepwell.core.records import Column, ColumnType
from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.training.framing import frame_problem
from keepwell.training.learners import Candidate, Fitted, Learner, Tunable, Watch
from keepwell.training.problem import Matrix, Problem, answer_of
from keepwell.training.search.matrices import apply, prepare

Make = Callable[[], Learner]

_ROUNDS = 12  # enough for a law, quick for a booster
_EXACT = 1e-9


def candidates_bear_the_name_of_one_learner(make: Make) -> None:
    for problem in _problems():
        offered = make().candidates(problem)
        assert offered
        assert len({candidate.learner for candidate in offered}) == 1
        assert len({candidate.name for candidate in offered}) == len(offered)


def more_rows_take_more_time(make: Make) -> None:
    learner = make()
    assert 0 <= learner.seconds(1_000, 20, 2) < learner.seconds(1_000_000, 20, 2)


def the_same_seed_gives_the_same_model(make: Make) -> None:
    for problem in _problems():
        first, again = (_fit(make(), problem, rounds=_ROUNDS) for _ in range(2))
        _, matrix = prepare(problem, make().flavour)
        ours, theirs = (
            answer_of(fitted.model, matrix.values, problem.classes) for fitted in (first, again)
        )
        assert np.array_equal(ours, theirs)


def a_fit_leaves_learner_and_rows_as_they_were(make: Make) -> None:
    problem = next(_problems())
    learner = make()
    before = pickle.dumps(learner)
    _, matrix = prepare(problem, learner.flavour)
    values, target = copy.deepcopy(matrix.values), problem.target.copy()
    _fit(learner, problem, matrix=matrix, rounds=_ROUNDS)
    assert pickle.dumps(learner) == before
    assert (
        np.array_equal(_plain(values), _plain(matrix.values), equal_nan=values.dtype == float)
        if (hasattr(values, "dtype"))
        else values.equals(matrix.values)
    )
    assert np.array_equal(target, problem.target)


def it_can_be_sent_to_another_process(make: Make) -> None:
    problem = next(_problems())
    sent: Learner = pickle.loads(pickle.dumps(make()))  # noqa: S301 (made a line above)
    assert sent.candidates(problem) == make().candidates(problem)


def gaps_and_constant_columns_do_no_harm(make: Make) -> None:
    for problem in _problems(gaps=True):
        _must_answer(make(), problem)


def sparse_texts_do_no_harm(make: Make) -> None:
    for problem in _problems(texts=True):
        if make().candidates(problem):  # a learner that cannot hold them offers nothing
            _must_answer(make(), problem)


def a_class_that_the_rows_lack_has_no_chance(make: Make) -> None:
    problem = _problem("three")
    learner = make()
    prepared, _ = prepare(problem, learner.flavour)
    kept = np.flatnonzero(problem.target != 1)
    part = replace(problem, frame=problem.frame.iloc[kept], target=problem.target[kept])
    train = apply(prepared, learner.flavour, part.frame)
    held = apply(prepared, learner.flavour, problem.frame)
    watch = Watch(validation=(held, problem.target), rounds=_ROUNDS)
    fitted = learner.fit(learner.candidates(problem)[0], problem, train, part.target, None, watch)
    answer = answer_of(fitted.model, held.values, problem.classes)
    assert answer.shape == (problem.rows, 3)
    assert not answer[:, 1].any()


def one_class_alone_is_certain(make: Make) -> None:
    problem = _problem("two")
    learner = make()
    kept = np.flatnonzero(problem.target == 1)
    part = replace(problem, frame=problem.frame.iloc[kept], target=problem.target[kept])
    _, train = prepare(part, learner.flavour)
    fitted = learner.fit(
        learner.candidates(problem)[0], problem, train, part.target, None, Watch(rounds=_ROUNDS)
    )
    assert (answer_of(fitted.model, train.values, 2) == [0.0, 1.0]).all()


def rows_without_weight_count_for_nothing(make: Make) -> None:
    problem = _problem("two")
    weights = (problem.target == 1).astype(float) * 0.98 + 0.02
    weighed = replace(problem, weights=weights)
    learner = make()
    if not learner.candidates(weighed):
        return  # it says that it knows no weights
    fitted = _fit(learner, weighed, rounds=_ROUNDS)
    _, matrix = prepare(problem, learner.flavour)
    plain = _fit(learner, problem, rounds=_ROUNDS)
    ours, theirs = (answer_of(one.model, matrix.values, 2)[:, 1].mean() for one in (fitted, plain))
    assert ours > theirs


def it_stops_when_it_is_told_to(make: Make) -> None:
    problem = _problem("number")
    learner = make()
    if not learner.interruptible:
        return
    _, matrix = prepare(problem, learner.flavour)
    watch = Watch(validation=(matrix, problem.target), stop=lambda: True)
    fitted = learner.fit(
        learner.candidates(problem)[0], problem, matrix, problem.target, None, watch
    )
    assert fitted.interrupted
    assert np.isfinite(answer_of(fitted.model, matrix.values, 0)).all()


def every_candidate_compiles_and_answers_the_same(make: Make) -> None:
    from sklearn.pipeline import Pipeline

    from keepwell.deployment.scoring.compiling import compile_model

    learner = make()
    for problem in _problems(gaps=True):
        sample = problem.frame.iloc[:60]
        for candidate in learner.candidates(problem):
            prepared, matrix = prepare(problem, learner.flavour)
            fitted = _fit(learner, problem, matrix=matrix, candidate=candidate, rounds=_ROUNDS)
            pipeline = Pipeline([("prepare", prepared), ("model", fitted.model)])
            made = compile_model(pipeline, sample)
            assert made.compiled, made.reason
            assert made.kept == ()
            assert made.proof is not None
            assert made.proof.largest_difference <= _EXACT, candidate.name


def settings_that_it_draws_can_be_fitted(make: Make) -> None:
    learner = make()
    if not isinstance(learner, Tunable):
        return
    for problem in _problems():
        name = learner.candidates(problem)[0].learner
        for place in (0.0, 1.0):
            params = learner.space(_At(place), problem)
            drawn = Candidate(name=f"{name}/drawn", learner=name, params=params)
            fitted = _fit(learner, problem, candidate=drawn, rounds=_ROUNDS)
            _, matrix = prepare(problem, learner.flavour)
            assert np.isfinite(answer_of(fitted.model, matrix.values, problem.classes)).all()


class _At:
    """Draws what lies at one place of every range: 0 is the lower end, 1 the upper."""

    def __init__(self, place: float) -> None:
        self._place = place

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        if log:
            return float(low * (high / low) ** self._place)
        return low + (high - low) * self._place

    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False) -> int:
        return round(self.suggest_float(name, low, high, log=log))

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        return choices[round(self._place * (len(choices) - 1))]


def _must_answer(learner: Learner, problem: Problem) -> None:
    """Fit on some rows, answer others: finite numbers, or probabilities that add up to 1."""
    order = np.random.default_rng(3).permutation(problem.rows)
    rows, others = np.sort(order[: problem.rows // 2]), np.sort(order[problem.rows // 2 :])
    prepared, train = prepare(problem, learner.flavour, rows)
    held = apply(prepared, learner.flavour, problem.frame.iloc[others])
    watch = Watch(validation=(held, problem.target[others]), rounds=_ROUNDS)
    fitted = learner.fit(
        learner.candidates(problem)[0], problem, train, problem.target[rows], None, watch
    )
    answer = answer_of(fitted.model, held.values, problem.classes)
    assert len(answer) == len(others)
    assert np.isfinite(answer).all()
    if problem.classes:
        assert np.allclose(answer.sum(axis=1), 1.0)


def _fit(
    learner: Learner,
    problem: Problem,
    *,
    matrix: Matrix | None = None,
    candidate: Candidate | None = None,
    rounds: int | None = None,
) -> Fitted:
    train = matrix if matrix is not None else prepare(problem, learner.flavour)[1]
    chosen = candidate or learner.candidates(problem)[0]
    return learner.fit(
        chosen, problem, train, problem.target, problem.weights, Watch(rounds=rounds)
    )


def _plain(values: Any) -> Any:
    return values.toarray() if hasattr(values, "toarray") else values


def _problems(*, gaps: bool = False, texts: bool = False) -> Iterator[Problem]:
    for target in ("two", "three", "number"):
        yield _problem(target, gaps=gaps, texts=texts)


def _problem(target: str, *, gaps: bool = False, texts: bool = False) -> Problem:
    """Return 120 rows with numbers, a category and a date; with gaps, a constant and texts, if wanted."""
    random = np.random.default_rng(11)
    rows = 120
    size, age = random.normal(size=rows), random.uniform(0, 50, rows)
    kind = random.choice(["a", "b", "c"], rows).astype(object)
    number = 3 * size + 0.1 * age + (kind == "c") + random.normal(size=rows) / 4
    outcome = {
        "two": np.where(number > 2.5, "yes", "no"),
        "three": np.array(["low", "middle", "top"])[np.digitize(number, [1.0, 4.0])],
        "number": number,
    }[target]
    data: dict[str, Any] = {"size": size, "age": age, "kind": kind}
    types = {"size": ColumnType.NUMBER, "age": ColumnType.NUMBER, "kind": ColumnType.CATEGORY}
    if gaps:
        data["age"] = np.where(random.random(rows) < 0.2, np.nan, age)
        kind[random.random(rows) < 0.2] = None
        data["still"] = np.where(random.random(rows) < 0.1, np.nan, 4.0)
        types["still"] = ColumnType.NUMBER
    if texts:
        words = np.array([f"word{number}" for number in range(400)])
        data["said"] = [" ".join(random.choice(words, 6)) for _ in range(rows)]
        types["said"] = ColumnType.TEXT
    names = [*data, "outcome"]
    table = pa.table(
        {**{name: pa.array(_listed(column)) for name, column in data.items()}, "outcome": outcome}
    )
    kinds = {**types, "outcome": ColumnType.NUMBER if target == "number" else ColumnType.CATEGORY}
    columns = [Column(name=name, type=kinds[name]) for name in names]
    spec = DataSpec(source="", target="outcome", keep=tuple(data))
    return frame_problem(table, columns, spec, TrainSpec(seed=5)).problem


def _listed(column: Any) -> list[Any]:
    return [None if value is None or value != value else value for value in list(column)]  # noqa: PLR0124
