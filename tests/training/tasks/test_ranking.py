"""Recommendations are learnt from events, beat what is popular, and are served as lists."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from training_cuts import cut, must_depend_on_rows_and_seed, resumed, taken_over
from training_worlds import World, world_of

from keepwell.core.errors import InvalidRequestError, TrainingError
from keepwell.core.progress import SilentProgress
from keepwell.core.records import Task
from keepwell.core.spec import DataSpec, GateSpec, SplitSpec, TrainSpec
from keepwell.deployment.scoring import build_scorer_files, load_scorer
from keepwell.features.recommendation.storage import RANKER
from keepwell.training import train
from keepwell.training.gates import judge
from keepwell.training.search.budget import Budget
from keepwell.training.search.jobs import Job
from keepwell.training.search.store import Memory
from keepwell.training.tasks.comparing import Attempt, Contest, Terms
from keepwell.training.tasks.exams import exam_of
from keepwell.training.tasks.ranking.bench import (
    EventBench,
    Exam,
    Trial,
    ranker_of,
    recommender,
)
from keepwell.training.tasks.ranking.choosing import _Race
from keepwell.training.tasks.ranking.events import read_events
from keepwell.training.tasks.ranking.learning import learn_catalogue
from keepwell.training.tasks.ranking.ranker import rank_of
from keepwell.training.tasks.ranking.splitting import last_of_each
from keepwell.training.tasks.ranking.ways import RANKER as RANKER_WAY
from keepwell.training.tasks.ranking.ways import WAYS
from keepwell.training.workers.here import HereRunner
from keepwell.training.workers.runner import Order

DATA = DataSpec(source="-", user="customer", item="product", time="at")
SPEC = TrainSpec(budget=8.0)


def shop(users: int = 120, seed: int = 0) -> World:
    """Customers of three tastes, each of which has its own products."""
    random = np.random.default_rng(seed)
    rows: list[tuple[str, str, datetime, int]] = []
    for user in range(users):
        for _ in range(int(random.integers(4, 12))):
            own = user % 3 * 15 + int(15 * random.random() ** 1.5)
            item = own if random.random() < 0.9 else int(random.integers(0, 45))
            hours = int(random.integers(0, 3000))
            when = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
            rows.append((f"u{user}", f"p{item}", when, int(random.integers(1, 6))))
    names = ("customer", "product", "at", "stars")
    return world_of(dict(zip(names, zip(*rows, strict=True), strict=True)))


def test_beats_what_is_popular_and_is_gated_served_and_proven() -> None:
    table, columns = shop()
    trained = train(table, columns, DATA, SPEC)
    assert trained.task is Task.RANKING
    by_name = {row.name: row.mean or 0.0 for row in trained.leaderboard}
    assert trained.leaderboard[0].name != "baseline"
    assert (trained.leaderboard[0].mean or 0.0) > 1.3 * by_name["baseline"]
    files, proof = build_scorer_files(trained.pipeline, trained.signature, table)
    assert proof.compiled
    assert proof.rows > 100
    scorer = load_scorer(files.__getitem__, trained.signature)
    exam = exam_of(
        trained.signature, table.take(pa.array(trained.test_rows)), DATA, scorer.catalogue
    )
    verdict = judge(
        GateSpec(min={"ndcg_at_10": 0.05}),
        task=Task.RANKING,
        classes=(),
        metric=trained.metric,
        actual=exam.actual,
        candidate=scorer.examined(exam.table),
        champion=scorer.examined(exam.table),
    )
    assert verdict.passed
    assert verdict.checks[0].value == pytest.approx(trained.metrics["ndcg_at_10"].value)


def test_the_last_fit_is_given_what_the_comparison_took() -> None:
    """A ranker that is stopped after its first user is worse than what is popular."""
    events = read_events(shop()[0], DATA)
    trial = Trial(events=events, metric="ndcg_at_10", seed=0)
    bench, spent = EventBench(trial), Budget(1.0)
    spent.charge(5.0)
    contest = Contest(
        bench,
        HereRunner.over(bench),
        spent,
        SilentProgress(),
        memory=Memory.of(None, trial),
        terms=Terms(share=0.6),
    )
    best = Attempt(candidate=RANKER_WAY.candidate, scores={0: 1.0}, seconds=[20.0])
    found = contest.fitted([best])
    assert found is not None
    assert found[1].ranker.count("Tree=") == 80


def test_answers_known_and_unknown_users_and_refuses_what_is_no_count() -> None:
    table, columns = shop(60)
    trained = train(table, columns, DATA, TrainSpec(budget=2.0))
    files, _ = build_scorer_files(trained.pipeline, trained.signature, table)
    scorer = load_scorer(files.__getitem__, trained.signature)
    answer = scorer.rows([{"customer": "u1", "k": 3}, {"customer": "nobody"}])
    assert [len(one) for one in answer.predictions] == [3, 10]
    assert set(answer.predictions[0][0]) == {"item", "score", "why"}
    assert "1 of 2 users were never seen" in answer.warnings[0]
    mine = set(table.filter(pa.compute.equal(table["customer"], "u1"))["product"].to_pylist())
    assert not mine & {
        one["item"] for one in scorer.rows([{"customer": "u1", "k": 45}]).predictions[0]
    }
    for count in (0, 2.5, 5000):
        with pytest.raises(InvalidRequestError, match="a list has 1 to 1,000"):
            scorer.rows([{"customer": "u1", "k": count}])


def test_the_ranker_is_trained_stored_and_restored() -> None:
    from keepwell.training.tasks.ranking.training import Fitted, _signature

    table, _ = shop()
    events = read_events(table, DATA)
    trial = Trial(events=events, metric="ndcg_at_10", seed=0)
    text = ranker_of(trial, events, RANKER_WAY, lambda: False)
    made = recommender(events, learn_catalogue(events, width=4), "ranker", rank=rank_of(text))
    files, proof = build_scorer_files(
        Fitted(recommender=made, ranker=text), _signature(DATA, events), table
    )
    assert RANKER in files
    assert proof.compiled
    assert proof.largest_difference <= 1e-9


def test_vectors_solve_the_equations_that_they_stand_for() -> None:
    from keepwell.training.tasks.ranking.learning import _half, _matrix

    events = read_events(shop(40)[0], DATA)
    rows = _matrix(events, events.weights)
    fixed = np.random.default_rng(0).normal(size=(len(events.items), 24))
    solved = _half(rows, fixed, 0.1, 10.0)
    dense = rows.toarray()
    for user in (0, 7):
        weight = 1.0 + 10.0 * dense[user]
        taken = (dense[user] > 0).astype(float)
        left = fixed.T @ (weight[:, None] * fixed) + 0.1 * np.eye(24)
        assert solved[user] == pytest.approx(np.linalg.solve(left, fixed.T @ (weight * taken)))


def test_sets_the_last_events_of_each_user_aside() -> None:
    events = read_events(shop(30)[0], DATA)
    held = last_of_each(events, 0.2)
    for user in range(len(events.users)):
        mine = events.user == user
        assert held[mine].sum() >= 1
        assert events.times[mine & held].min() >= events.times[mine & ~held].max()


def test_splits_by_time_where_told_and_finds_usual_names() -> None:
    table, columns = shop(60)
    spec = TrainSpec(task=Task.RANKING, budget=2.0, split=SplitSpec(by="time"))
    trained = train(table, columns, DataSpec(source="-", weight="stars"), spec)
    assert "the latest of all" in trained.split_reason
    assert [field.name for field in trained.signature.inputs] == ["customer", "k"]


def _only(**columns: Any) -> World:
    return world_of(columns)


@pytest.mark.parametrize(
    ("world", "data", "says"),
    [
        (_only(user=["a"] * 20, item=list("abcde") * 4), {}, "holds one user"),
        (_only(user=list("abcde") * 4, item=["x"] * 20), {}, "holds one item"),
        (_only(who=list("ab") * 10, item=list("xy") * 10), {}, "hold the user of an event"),
        (_only(user=list("ab") * 2, item=list("xy") * 2), {}, "4 events are too few"),
        (
            _only(user=[f"u{at}" for at in range(20)], item=list("xy") * 10),
            {},
            "no event can be set aside",
        ),
        (
            _only(user=list("ab") * 10, item=list("xyz") * 6 + ["x", "y"]),
            {"weight": "wght"},
            "'wght'",
        ),
        (
            _only(user=list("ab") * 10, item=list("xyzvw") * 4, stars=[-1.0] * 20),
            {"weight": "stars"},
            "weights in 'stars' cannot be used",
        ),
        (
            _only(user=list("ab") * 10, item=list("xyzvw") * 4),
            {"target": "item"},
            "recommending has no target",
        ),
    ],
)
def test_refuses_events_that_nothing_can_be_learnt_from(
    world: World, data: dict[str, Any], says: str
) -> None:
    table, columns = world
    with pytest.raises(TrainingError, match=says):
        train(table, columns, DataSpec(source="-", **data), TrainSpec(task=Task.RANKING))


def test_a_run_that_was_killed_goes_on_where_it_was_in_a_child_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, data, spec = shop(60), DATA, TrainSpec(budget=600.0)
    monkeypatch.setattr("keepwell.training.tasks.ranking.choosing.WAYS", WAYS[:4])
    # Rankers are left out: they take the longest, and on a busy machine much longer.
    monkeypatch.setattr("keepwell.training.tasks.ranking.choosing.RANKER", WAYS[5])
    monkeypatch.setattr("keepwell.training.tasks.ranking.choosing.MORE", ())
    whole = train(*world, data, spec)
    store = cut(world, data, spec, after=3)
    monkeypatch.setattr("keepwell.training.workers.choice.TINY", 0)
    again = resumed(world, data, spec, store)
    assert taken_over(again) == 3
    assert again.test_predictions == whole.test_predictions
    assert [(row.name, row.scores) for row in again.leaderboard] == [
        (row.name, row.scores) for row in whole.leaderboard
    ]


def test_what_was_finished_goes_for_the_same_rows_and_seed_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("keepwell.training.tasks.ranking.choosing.WAYS", WAYS[:4])
    monkeypatch.setattr("keepwell.training.tasks.ranking.choosing.RANKER", WAYS[5])
    monkeypatch.setattr("keepwell.training.tasks.ranking.choosing.MORE", ())
    spec = TrainSpec(budget=600.0)
    must_depend_on_rows_and_seed(
        shop(60), DATA, spec, "product", lambda cell: "p0" if cell != "p0" else "p1"
    )


def test_what_follows_the_learning_cuts_nothing_short(monkeypatch: pytest.MonkeyPatch) -> None:
    events = read_events(shop(40)[0], DATA)
    bench = EventBench(Trial(events=events, metric="ndcg_at_10", seed=0))
    up, score = [False], Exam.score

    def slow(self: Exam, *given: Any, **more: Any) -> float:
        up[0] = True
        return score(self, *given, **more)

    monkeypatch.setattr(Exam, "score", slow)
    job = Job(candidate=WAYS[5].candidate, fold=0)
    assert bench.perform(job, lambda: up[0], lambda share: None).note == ""
    assert bench.perform(job, lambda: True, lambda share: None).note.startswith("stopped")


def test_a_ranker_is_told_to_stop_while_there_is_time_for_what_follows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    orders: list[Order] = []
    run = HereRunner.run

    def noted(self: HereRunner, given: Iterable[Order], *more: Any) -> None:
        def each() -> Iterator[Order]:
            for order in given:
                orders.append(order)
                yield order

        run(self, each(), *more)

    monkeypatch.setattr(HereRunner, "run", noted)
    monkeypatch.setattr("keepwell.training.tasks.ranking.choosing.RANKER", WAYS[1])
    monkeypatch.setattr("keepwell.training.tasks.ranking.choosing.MORE", ())
    train(*shop(40), DATA, TrainSpec(budget=2.0))
    assert orders
    assert all(order.grace >= order.seconds for order in orders)


def test_nothing_beats_what_is_popular_only_if_nothing_was_better() -> None:
    trial = Trial(events=read_events(shop(40)[0], DATA), metric="ndcg_at_10", seed=0)
    race = _Race(trial, Budget(60.0))
    race.tried = [Attempt(candidate=way.candidate) for way in WAYS[:2]]
    race.tried[0].scores = {0: 0.5}
    assert race.findings() == ()
    race.tried[1].scores = {0: 0.6}  # and could not be fitted to all events
    assert race.findings() == ()
    race.tried[1].scores = {0: 0.4}
    assert [one.message[:13] for one in race.findings()] == ["nothing beats"]
