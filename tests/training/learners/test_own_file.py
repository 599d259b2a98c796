"""A model that the user wrote races like any other; what is wrong with it is told with file and line."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from training_worlds import World

from keepwell.core.errors import KeepwellError, NotFoundError, TrainingError
from keepwell.core.spec import DataSpec, LearnerSpec, TrainSpec
from keepwell.training import train
from keepwell.training.framing import frame_problem
from keepwell.training.learners import Watch, installed
from keepwell.training.problem import answer_of
from keepwell.training.search.jobs import Job, Outcome
from keepwell.training.search.matrices import FoldMatrices
from keepwell.training.workers import ChildRunner, Grant, Order

RULE = """
import numpy as np

class Rule:
    limit = 30

    def __init__(self, limit=30):
        self.limit = limit

    def fit(self, X, y):
        self.labels = sorted(set(y))
        return self

    def predict_proba(self, X):
        return np.where(X["months"] < self.limit, 0.8, 0.2)

    def predict(self, X):
        return np.where(X["months"] < self.limit, "yes", "no")
"""
PIPELINE = """
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

def build(C=1.0):
    prepare = make_column_transformer((StandardScaler(), ["months"]), (OneHotEncoder(), ["plan"]))
    return make_pipeline(prepare, LogisticRegression(C=C))
"""
REGRESSION = """
import numpy as np

class Guess:
    def fit(self, X, y):
        self.mean = y.mean()
        return self

    def predict(self, X):
        {answer}
"""


def named(folder: Path, text: str, name: str = "model.py", **params: Any) -> LearnerSpec:
    (folder / name.partition(":")[0]).write_text(text)
    return LearnerSpec(name=name, params=params, root=str(folder))


def fitted(world: World, target: str, spec: LearnerSpec) -> Any:
    """Return the answer to a fold's held-out rows."""
    table, columns = world
    framed = frame_problem(table, columns, DataSpec(source="", target=target), TrainSpec())
    learner = installed([spec])[spec.name]
    rows = FoldMatrices(framed.problem, framed.folds[0])
    matrix, held = rows.of(learner.flavour)
    values, actual = rows.actual
    watch = Watch(validation=(held, actual))
    candidate = learner.candidates(framed.problem)[0]
    model = learner.fit(candidate, framed.problem, matrix, values, None, watch).model
    return answer_of(model, held.values, framed.problem.classes)


def test_a_class_sees_labels_and_raw_columns(churn: World, tmp_path: Path) -> None:
    answer = fitted(churn, "left", named(tmp_path, RULE))
    assert set(answer[:, 1].tolist()) == {0.8, 0.2}


def test_settings_go_to_the_class_or_the_function(churn: World, tmp_path: Path) -> None:
    answer = fitted(churn, "left", named(tmp_path, RULE, limit=0))
    assert set(answer[:, 1].tolist()) == {0.2}
    loose, tight = (
        fitted(churn, "left", named(tmp_path, PIPELINE, name="model.py:build", C=c))
        for c in (1.0, 1e-4)
    )
    assert np.ptp(tight[:, 1]) < np.ptp(loose[:, 1])


def test_it_wins_a_race_and_compiles(churn: World, tmp_path: Path) -> None:
    from keepwell.deployment.scoring import build_scorer_files

    table, columns = churn
    spec = TrainSpec(budget=20.0, folds=2, learners=(named(tmp_path, PIPELINE),))
    trained = train(table, columns, DataSpec(source="", target="left"), spec)
    assert trained.learner == "model.py"
    assert trained.metrics["roc_auc"].value > 0.8
    assert set(trained.importance) == {"months", "plan", "noise"}
    _, proof = build_scorer_files(trained.pipeline, trained.signature, table.slice(0, 100))
    assert (proof.compiled, proof.kept) == (True, ())
    assert proof.largest_difference < 1e-9


def test_labels_will_do_where_there_are_no_probabilities(churn: World, tmp_path: Path) -> None:
    text = RULE.replace("def predict_proba", "def odds")
    assert set(fitted(churn, "left", named(tmp_path, text)).ravel().tolist()) == {0.0, 1.0}


def test_it_cannot_change_the_rows_of_others(churn: World, tmp_path: Path) -> None:
    text = RULE.replace("self.labels =", "X['months'] = 0; self.labels =").replace(
        'return np.where(X["months"] < self.limit, 0.8, 0.2)',
        "p = np.where(X['months'] < self.limit, 0.8, 0.2); X['months'] = 0; return p",
    )
    assert np.array_equal(
        fitted(churn, "left", named(tmp_path, text)), fitted(churn, "left", named(tmp_path, RULE))
    )


def test_what_it_prints_does_not_mix_with_answers(
    churn: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fitted(
        churn, "left", named(tmp_path, RULE.replace("self.labels =", "print('hi'); self.labels ="))
    )
    said = capsys.readouterr()
    assert said.out == ""
    assert "hi" in said.err


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("return np.zeros(3)", "the shape (3,)"),
        ("return np.zeros((len(X), 2))", "one number per row"),
        ("return np.full(len(X), np.nan)", "predict gives nan for"),
        ("return ['cheap'] * len(X)", "does not read as numbers"),
        ("return None", "the shape ()"),
        ("raise ValueError('no such city')", "model.py, line 10: ValueError: no such city"),
        ("import sys; sys.exit(3)", "model.py, line 10: SystemExit: 3"),
        ("import nowhere_to_be_found", "needs the package 'nowhere_to_be_found'"),
    ],
)
def test_says_what_is_wrong_with_an_answer(
    answer: str, said: str, prices: World, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError) as caught:
        fitted(prices, "price", named(tmp_path, REGRESSION.format(answer=answer)))
    assert said in str(caught.value) or said in caught.value.what
    assert caught.value.now


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("return np.full((len(X), 2), 0.7)", "no probabilities"),
        ("return np.zeros((len(X), 3))", "one probability per row and class"),
    ],
)
def test_says_what_is_wrong_with_probabilities(
    answer: str, said: str, churn: World, tmp_path: Path
) -> None:
    text = RULE.replace('return np.where(X["months"] < self.limit, 0.8, 0.2)', answer)
    with pytest.raises(TrainingError) as caught:
        fitted(churn, "left", named(tmp_path, text))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("x = (", TrainingError, "model.py, line 1: SyntaxError"),
        ("import not_there", TrainingError, "needs the package 'not_there'"),
        ("y = 1 / 0", TrainingError, "model.py, line 1: ZeroDivisionError"),
        ("", TrainingError, "does not say which model is meant"),
        ("def build():\n    pass", TrainingError, "build gives None"),
        ("def build():\n    return object()", TrainingError, "has no fit and predict"),
        (
            "from sklearn.linear_model import Ridge\nbuild = Ridge",
            TrainingError,
            "is a regressor, and the task is binary",
        ),
        (
            "from sklearn.svm import LinearSVC\nbuild = LinearSVC",
            TrainingError,
            "gives no probabilities",
        ),
    ],
)
def test_says_what_is_wrong_with_a_file(
    text: str, error: type[KeepwellError], said: str, churn: World, tmp_path: Path
) -> None:
    with pytest.raises(error) as caught:
        fitted(churn, "left", named(tmp_path, text))
    assert said in str(caught.value)


def test_suggests_the_file_or_the_name_that_was_meant(churn: World, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(RULE)
    with pytest.raises(NotFoundError, match=r"model\.py"):
        fitted(churn, "left", LearnerSpec(name="modle.py", root=str(tmp_path)))
    with pytest.raises(NotFoundError, match="Rule"):
        fitted(churn, "left", LearnerSpec(name="model.py:Rul", root=str(tmp_path)))


def test_a_file_that_changed_is_read_again(churn: World, tmp_path: Path) -> None:
    assert fitted(churn, "left", named(tmp_path, RULE)).max() == 0.8
    assert fitted(churn, "left", named(tmp_path, RULE.replace("0.8", "0.9"))).max() == 0.9
    assert str(tmp_path) not in sys.path


def test_its_failure_is_noted_and_harms_nobody(churn: World, tmp_path: Path) -> None:
    table, columns = churn
    broken = named(tmp_path, RULE.replace("return np.where", "return 1 / np.zeros(1) + np.where"))
    spec = TrainSpec(budget=20.0, folds=2, learners=(broken, "linear"))
    with np.errstate(divide="ignore"):
        trained = train(table, columns, DataSpec(source="", target="left"), spec)
    assert trained.learner in ("linear", "ensemble")
    notes = {row.name: row.note for row in trained.leaderboard}
    assert "predict_proba gives" in notes["model.py"]


def test_one_that_never_ends_is_stopped(churn: World, tmp_path: Path) -> None:
    loop = "while True: pass"
    endless = named(tmp_path, RULE.replace("self.labels = sorted(set(y))", loop))
    framed = frame_problem(*churn, DataSpec(source="", target="left"), TrainSpec())
    learners = installed([endless])
    candidate = learners["model.py"].candidates(framed.problem)[0]
    order = Order(job=Job(candidate=candidate, fold=0), stop=lambda: False, seconds=0.5)
    found: list[Outcome] = []
    memory = Grant.for_children(1 << 30)
    with ChildRunner(framed.problem, framed.folds, learners, memory=memory) as runner:
        runner.run([order], lambda _, outcome: found.append(outcome), lambda _, share: None)
    assert found[0].failed
    assert "it had no more time" in found[0].note
