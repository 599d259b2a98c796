"""Users and items that are described: new ones are served by what is known of them."""

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from training_worlds import World, world_of

from keepwell.core.errors import TrainingError
from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.deployment.scoring import Scorer, build_scorer_files, load_scorer
from keepwell.features.recommendation import Recommender
from keepwell.training import Trained, train
from keepwell.training.search.budget import Budget
from keepwell.training.search.jobs import Job
from keepwell.training.tasks.ranking.bench import EventBench, Trial
from keepwell.training.tasks.ranking.choosing import _Race
from keepwell.training.tasks.ranking.describing import Side, describe
from keepwell.training.tasks.ranking.events import read_events
from keepwell.training.tasks.ranking.learning import learn_catalogue

DATA = DataSpec(source="-", user="who", item="what")


def side(columns: dict[str, Any]) -> Side:
    table, schema = world_of(columns)
    return Side(table=table, columns=tuple(schema))


def shop(users: int = 150) -> World:
    """The young take p0 to p19, the old p20 to p39; each item once a user."""
    random = np.random.default_rng(0)
    rows = [
        (f"u{user}", f"p{item}")
        for user in range(users)
        for item in random.choice(20, 7, replace=False) + user % 2 * 20
    ]
    return world_of(dict(zip(("who", "what"), zip(*rows, strict=True), strict=True)))


def people(users: int = 150) -> Side:
    ages = [25.0 + user % 2 * 40 + user % 7 for user in range(users)]
    return side({"who": [*(f"u{user}" for user in range(users)), "idle"], "age": [*ages, 65.0]})


def goods() -> Side:
    kinds = ["toys" if item < 20 else "wine" for item in range(40)]
    names = [f"p{item}" for item in range(40)]
    return side({"what": [*names, "p99"], "kind": [*kinds, "wine"]})


def scorer_of(trained: Trained, table: pa.Table) -> Scorer:
    files, proof = build_scorer_files(trained.pipeline, trained.signature, table)
    assert proof.compiled
    return load_scorer(files.__getitem__, trained.signature)


@pytest.fixture(scope="module")
def described() -> tuple[Trained, Scorer]:
    table, columns = shop()
    trained = train(table, columns, DATA, TrainSpec(budget=20.0), users=people(), items=goods())
    return trained, scorer_of(trained, table)


def share_of_old(answer: list[dict[str, Any]]) -> float:
    return float(np.mean([int(one["item"][1:]) >= 20 for one in answer]))


def test_a_new_user_gets_what_users_like_them_take(described: tuple[Trained, Scorer]) -> None:
    trained, scorer = described
    said = scorer.rows(
        [{"who": "new", "age": 66}, {"who": "other", "age": 24}, {"who": "idle"}, {"who": "blank"}]
    )
    assert [share_of_old(one) for one in said.predictions[:3]] == [1.0, 0.0, 1.0]
    assert said.predictions[0][0]["why"] == "popular with users like this one"
    assert said.warnings == ["1 of 4 users were never seen: they get what is popular"]
    told = next(f.message for f in trained.findings if "users without events get" in f.message)
    assert "what is popular with users like them" in told


def test_only_what_is_learnt_from_goes_to_a_child() -> None:
    table, columns = shop(60)
    known = describe(table, columns, DATA, read_events(table, DATA), people(60), goods())
    assert len(pickle.dumps(known.described)) < len(pickle.dumps(known)) / 2
    trial = trial_of(people(60), goods())
    assert type(trial.known) is type(known.described)


def trial_of(users: Side, goods: Side | None = None, **spec: Any) -> Trial:
    """Return what the ways are compared on."""
    kept: list[Trial] = []

    def looks(trial: Trial, *given: Any) -> None:
        kept.append(trial)
        raise TrainingError("enough was seen")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("keepwell.training.tasks.ranking.training.choose", looks)
        with pytest.raises(TrainingError, match="enough was seen"):
            train(*shop(60), DATA, TrainSpec(budget=2.0, **spec), users=users, items=goods)
    return kept[0]


def test_how_new_users_are_served_is_asked_right_after_the_baseline() -> None:
    trial = trial_of(people(60))
    race = _Race(trial, Budget(60.0))
    first = [turn.attempt for turn, _ in zip(race.turns(), range(3), strict=False)]
    assert [one.candidate.name for one in first] == ["baseline", "new/popularity", "new/audience"]
    assert all(one.sure for one in first[1:])


def test_it_is_told_that_how_new_users_are_served_was_not_measured() -> None:
    race = _Race(trial_of(people(60)), Budget(60.0))
    race.cold["popularity"].scores = {0: 0.1}
    race.cold["audience"].note = "stopped after 5.3s: it had no more time"
    (told,) = race.findings()
    assert told.message == (
        "users without events get what is popular: whether what is popular with users like them serves "
        "them better was not measured (stopped after 5.3s: it had no more time)"
    )


def test_what_a_new_user_may_take_again_has_no_part_in_how_they_are_served() -> None:
    known = trial_of(people(60))
    race = _Race(known, Budget(60.0))
    for one in race.cold.values():
        scores = [
            EventBench(replace(known, repeat=repeat))
            .perform(Job(candidate=one.candidate, fold=0), lambda: False, lambda share: None)
            .score
            for repeat in (False, True)
        ]
        assert scores[0] == scores[1] is not None


def test_ways_that_go_by_descriptions_compete(described: tuple[Trained, Scorer]) -> None:
    names = {row.name for row in described[0].leaderboard}
    assert {"alike", "described/light", "described"} <= names


def test_the_ranker_that_goes_by_descriptions_is_stored_and_restored() -> None:
    from keepwell.training.tasks.ranking.bench import Trial, ranker_of, recommender
    from keepwell.training.tasks.ranking.ranker import rank_of
    from keepwell.training.tasks.ranking.training import Fitted, _signature
    from keepwell.training.tasks.ranking.ways import BY_DESCRIPTIONS

    table, columns = shop(80)
    known = describe(table, columns, DATA, read_events(table, DATA), people(80), goods())
    trial = Trial(events=known.events, metric="ndcg_at_10", seed=0, known=known)
    text = ranker_of(trial, known.events, BY_DESCRIPTIONS[1], lambda: False)
    catalogue = learn_catalogue(known.events, known=known)
    made = recommender(known.events, catalogue, "described", rank=rank_of(text), known=known)
    trained = Fitted(recommender=made, ranker=text)
    _, proof = build_scorer_files(trained, _signature(DATA, known.events, known), table)
    assert proof.compiled
    assert proof.rows > 50


def test_an_item_that_nobody_took_is_offered_to_those_it_suits() -> None:
    table, columns = shop()
    known = describe(table, columns, DATA, read_events(table, DATA), None, goods())
    made = Recommender(
        users=known.events.users,
        history=known.events.history(),
        catalogue=learn_catalogue(known.events, known=known),
        method="alike",
    )
    offered = [{one.item: one.why for one in made.top(user, 14)} for user in ("u0", "u1")]
    assert "p99" not in offered[0]
    assert offered[1]["p99"] == "described like what was taken"


def test_columns_of_the_events_describe_too() -> None:
    table, _ = shop(60)
    who = table["who"].to_pylist()
    ages = [20.0 + int(name[1:]) % 2 * 40 for name in who]
    world = world_of({"who": who, "what": table["what"].to_pylist(), "age": ages})
    data = DataSpec(source="-", user="who", item="what", user_columns=("age",))
    trained = train(*world, data, TrainSpec(budget=3.0))
    assert [one.name for one in trained.signature.inputs] == ["who", "k", "age"]
    assert any("users are described by 'age' of the events" in f.message for f in trained.findings)


@pytest.mark.parametrize(
    ("users", "columns", "what"),
    [
        ({"customer": ["u1"], "age": [1.0]}, (), "'who' is not in `users:`"),
        ({"who": ["u1", "u2"], "age": [1.0, 2.0]}, ("agee",), "'agee' is not in `users:`"),
        ({"who": ["u1", "u1"], "age": [1.0, 2.0]}, (), "1 rows of `users:` under `data:`"),
    ],
    ids=["no key", "no such column", "a user twice"],
)
def test_a_table_that_describes_nobody_is_refused(
    users: dict[str, Any], columns: tuple[str, ...], what: str
) -> None:
    data = DataSpec(source="-", user="who", item="what", user_columns=columns)
    with pytest.raises(TrainingError, match=what) as caught:
        train(*shop(20), data, TrainSpec(budget=2.0), users=side(users))
    assert caught.value.now
