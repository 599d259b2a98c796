"""Who races: names, names with settings, dotted names; what is absent is left out or asked for."""

from typing import Any

import pytest
from training_worlds import World

from keepwell.core.errors import MissingExtraError, NotFoundError, TrainingError
from keepwell.core.spec import DataSpec, LearnerSpec, TrainSpec
from keepwell.training import train
from keepwell.training.framing import frame_problem
from keepwell.training.learners import field, installed
from keepwell.training.learners.field import is_file, is_own, may_be_pickled


def offered(world: World, target: str, spec: LearnerSpec | str) -> Any:
    table, columns = world
    framed = frame_problem(table, columns, DataSpec(source="", target=target), TrainSpec())
    name = spec if isinstance(spec, str) else spec.name
    return installed([spec])[name].candidates(framed.problem)[0]


def test_a_learner_without_its_package_is_left_out_unless_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(field, "find_spec", lambda name: None)
    assert {"xgboost", "catboost"} & set(installed()) == set()
    assert {"lightgbm", "forest"} <= set(installed())
    with pytest.raises(MissingExtraError, match=r"keepwell\[boost\]"):
        installed(["xgboost"])
    with pytest.raises(MissingExtraError, match=r"keepwell\[automl\]"):
        installed(["flaml"])


def test_searches_within_the_search_run_only_when_named() -> None:
    assert {"flaml", "autogluon"} & set(installed()) == set()


def test_tells_files_and_dotted_names_from_learners() -> None:
    assert [is_file(name) for name in ("model.py", "src/model.py:build", "lightgbm", "a.b.C")] == [
        True, True, False, False,
    ]  # fmt: skip
    assert [is_own(name) for name in ("model.py", "sklearn.svm.SVC", "extra-trees")] == [
        True, True, False,
    ]  # fmt: skip
    assert [may_be_pickled(name) for name in ("model.py", "autogluon", "forest")] == [
        True, True, False,
    ]  # fmt: skip


def test_settings_replace_those_of_the_first_candidate(churn: World) -> None:
    found = offered(churn, "left", LearnerSpec(name="lightgbm", params={"num_leaves": 5}))
    assert (found.name, found.params["num_leaves"]) == ("lightgbm/yours", 5)
    assert found.params["learning_rate"] == 0.05


def test_entries_of_one_name_race_as_several() -> None:
    svc = LearnerSpec(name="sklearn.svm.SVC", params={"C": 2.0})
    own = LearnerSpec(name="lightgbm", params={"num_leaves": 5})
    names = list(installed(["lightgbm", own, svc, svc]))
    assert names == [
        "baseline",
        "lightgbm",
        "lightgbm (2)",
        "sklearn.svm.SVC",
        "sklearn.svm.SVC (2)",
    ]
    assert is_own(names[-1])


def test_any_estimator_races_by_dotted_name(churn: World) -> None:
    table, columns = churn
    name = "sklearn.ensemble.GradientBoostingClassifier"
    own = LearnerSpec(name=name, params={"n_estimators": 20})
    spec = TrainSpec(budget=20.0, folds=2, learners=(own,))
    trained = train(table, columns, DataSpec(source="", target="left"), spec)
    assert (trained.learner, trained.params["n_estimators"]) == (name, 20)
    assert [row.name for row in trained.leaderboard] == [name, "baseline"]


def test_an_estimator_that_takes_gaps_gets_rows_with_gaps() -> None:
    forest = installed(["sklearn.ensemble.RandomForestClassifier"])
    vectors = installed(["sklearn.naive_bayes.GaussianNB"])
    assert forest["sklearn.ensemble.RandomForestClassifier"].flavour == "tree"
    assert vectors["sklearn.naive_bayes.GaussianNB"].flavour == "linear"


@pytest.mark.parametrize(
    ("name", "params", "said"),
    [
        ("sklearn.ensemble.GradientBoostingClasifier", {}, "GradientBoostingClassifier"),
        ("sklearn.ensamble.RandomForestClassifier", {}, "sklearn.ensemble.RandomForestClassifier"),
        ("nowhere.at.All", {}, "pip install nowhere"),
        ("sklearn.preprocessing.StandardScaler", {}, "is no estimator"),
        ("sklearn.ensemble.RandomForestClassifier", {"n_estimator": 5}, "n_estimators"),
        (
            "sklearn.ensemble.RandomForestRegressor",
            {},
            "name sklearn.ensemble.RandomForestClassifier",
        ),
        ("sklearn.cluster.KMeans", {}, "is a clusterer"),
        ("sklearn.svm.LinearSVC", {}, "CalibratedClassifierCV"),
    ],
)
def test_says_what_is_wrong_with_a_dotted_name(
    name: str, params: dict[str, Any], said: str, churn: World
) -> None:
    with pytest.raises((NotFoundError, TrainingError)) as caught:
        offered(churn, "left", LearnerSpec(name=name, params=params))
    assert said in str(caught.value)


def test_a_classifier_is_refused_for_numbers(prices: World) -> None:
    with pytest.raises(TrainingError, match="RandomForestRegressor"):
        offered(prices, "price", "sklearn.ensemble.RandomForestClassifier")
