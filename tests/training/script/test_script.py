"""A pipeline written as a program does the same without Keepwell."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.compose import ColumnTransformer  # noqa: TID253
from sklearn.linear_model import LogisticRegression  # noqa: TID253
from sklearn.pipeline import Pipeline  # noqa: TID253
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder  # noqa: TID253

from keepwell.core.records import ColumnType, Field, Signature, Task
from keepwell.features.transforms.date_parts import DateParts
from keepwell.training.ensembling.calibration import calibrated
from keepwell.training.ensembling.combining import vote
from keepwell.training.ensembling.selection import Ensemble
from keepwell.training.learners import Candidate, Watch
from keepwell.training.learners.perceptron import Perceptron
from keepwell.training.problem import Matrix, Problem
from keepwell.training.script import ANSWERS, SCRIPT, TEST, TRAIN, script
from keepwell.training.script.fitting import methods
from keepwell.training.script.printing import Printed
from keepwell.training.script.writing import TARGET, WEIGHT

SIGNATURE = Signature(
    task=Task.BINARY,
    target="y",
    classes=("no", "yes"),
    inputs=(
        Field(name="day", type=ColumnType.DATETIME),
        Field(name="plan", type=ColumnType.CATEGORY),
    ),
)


def pipeline() -> Pipeline:
    prepare = ColumnTransformer(
        [("dates", DateParts(), ["day"]), ("plans", OneHotEncoder(), ["plan"])]
    )
    return Pipeline([("prepare", prepare), ("model", LogisticRegression(C=0.5))])


def test_a_program_brings_our_own_steps_along_and_answers_alike(tmp_path: Path) -> None:
    import pandas as pd

    random = np.random.default_rng(0)
    days = random.integers(0, 700, 80) * 86_400.0
    plans = random.choice(["a", "b"], 80)
    target = ((plans == "a") ^ (random.random(80) < 0.2)).astype(int)
    text = script(pipeline(), SIGNATURE, metric="log_loss", weighted=True, title="A shop.")
    assert "import keepwell" not in text
    assert "from keepwell" not in text
    (tmp_path / SCRIPT).write_text(text)
    table = pa.table({"day": days, "plan": plans, TARGET: target, WEIGHT: np.arange(80) + 1.0})
    pq.write_table(table, tmp_path / TRAIN)
    pq.write_table(table, tmp_path / TEST)
    done = subprocess.run(
        [sys.executable, "-I", SCRIPT], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    frame = pd.DataFrame({"day": days, "plan": pd.Series(plans.tolist(), dtype=object)})
    fitted = pipeline().fit(frame, target, model__sample_weight=np.arange(80) + 1.0)
    assert np.array_equal(np.load(tmp_path / ANSWERS), fitted.predict_proba(frame))
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        "log_loss", "accuracy", "roc_auc", "f1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "None"),
        (float("nan"), 'float("nan")'),
        (np.float64(0.5), "0.5"),
        ((1,), "(1,)"),
        ({"a": [1, 2]}, "{'a': [1, 2]}"),
        ({1}, "{1}"),
        (set(), "set()"),
        (LogisticRegression(C=1.0), "LogisticRegression()"),
        (LogisticRegression(C=2.0), "LogisticRegression(C=2.0)"),
        (FunctionTransformer(np.log1p), "FunctionTransformer(func=log1p)"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_writes_values_as_code_that_makes_them(value: object, code: str) -> None:
    assert Printed().code(value) == code


def test_imports_from_where_the_documentation_does() -> None:
    printed = Printed()
    printed.code(pipeline())
    assert ("sklearn.linear_model", "LogisticRegression") in printed.imports
    assert ("sklearn.compose", "ColumnTransformer") in printed.imports
    assert printed.own == [DateParts]


def test_refuses_what_has_no_settings() -> None:
    with pytest.raises(TypeError, match="a object cannot be written as code"):
        Printed().code(object())


def test_members_of_a_vote_are_fitted_by_methods_of_their_own() -> None:
    from lightgbm import LGBMClassifier
    from sklearn.ensemble import VotingClassifier

    first, second, third = (LGBMClassifier(num_leaves=size) for size in (5, 6, 7))
    vote = Pipeline(
        [
            ("prepare", Prepared(1)),
            ("model", VotingClassifier([("a", first), ("b", second), ("c", third)])),
        ]
    )
    told = {**methods(vote), id(third): "def fit(self, X, y):\n    return self\n"}
    printed = Printed(told)
    code = printed.code(vote.steps[1][1])
    assert "('a', ToldLGBMClassifier(num_leaves=5))" in code
    assert "('b', ToldLGBMClassifier(num_leaves=6))" in code
    assert "('c', ToldLGBMClassifier2(num_leaves=7))" in code
    assert "categorical_feature=[0])" in printed.classes["ToldLGBMClassifier"]


class Prepared:
    """Stands for a preparation whose first columns are categories."""

    def __init__(self, categories: int) -> None:
        self.output_indices_ = {"categories": slice(0, categories)}


def world(tmp_path: Path, target: Any) -> Any:
    import pandas as pd

    random = np.random.default_rng(1)
    days, plans = random.integers(0, 700, 80) * 86_400.0, random.choice(["a", "b"], 80)
    weights = random.random(80) + 0.5
    wanted = target(plans, days, random)
    table = pa.table({"day": days, "plan": plans, TARGET: wanted, WEIGHT: weights})
    for name in (TRAIN, TEST):
        pq.write_table(table, tmp_path / name)
    frame = pd.DataFrame({"day": days, "plan": pd.Series(plans.tolist(), dtype=object)})
    return frame, wanted, weights


def run(tmp_path: Path, text: str) -> Any:
    assert "keepwell." not in text.partition("CLASSES")[2]
    (tmp_path / SCRIPT).write_text(text)
    namespace: dict[str, Any] = {"__file__": str(tmp_path / SCRIPT), "__name__": "program"}
    exec(compile(text, SCRIPT, "exec"), namespace)
    return np.load(tmp_path / ANSWERS)


def labels(plans: Any, days: Any, random: Any) -> Any:
    return ((plans == "a") ^ (random.random(80) < 0.2)).astype(int)


def trained(frame: Any, target: Any, params: dict[str, Any], weights: Any, *, numeric: bool) -> Any:
    """A pipeline with a network that was trained as the learner does it."""
    prepare = ColumnTransformer(
        [("dates", DateParts(), ["day"]), ("plans", OneHotEncoder(), ["plan"])]
    )
    values = prepare.fit_transform(frame)
    task = Task.REGRESSION if numeric else Task.BINARY
    problem = Problem(
        signature=replace(SIGNATURE, task=task, classes=() if numeric else SIGNATURE.classes),
        frame=frame, target=target, weights=weights, metric="mae", seed=3, jobs=1,
    )  # fmt: skip
    candidate = Candidate(name="perceptron/narrow", learner="perceptron", params=params)
    fitted = Perceptron().fit(
        candidate, problem, Matrix(values=values), target, weights, Watch(rounds=7, whole=True)
    )
    return Pipeline([("prepare", prepare), ("model", fitted.model)])


@pytest.mark.parametrize("numeric", [False, True], ids=["classes", "numbers"])
def test_a_perceptron_is_trained_for_as_many_passes_again(
    tmp_path: Path, numeric: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    def numbers(plans: Any, days: Any, random: Any) -> Any:
        return days / 1e6 + random.normal(size=80)

    frame, target, _ = world(tmp_path, numbers if numeric else labels)
    made = trained(frame, target, {"width": 8}, None, numeric=numeric)
    signature = replace(SIGNATURE, task=Task.REGRESSION, classes=()) if numeric else SIGNATURE
    text = script(
        made, signature, metric="mae", told=methods(made), weighted=False, title="A shop."
    )
    assert "for _ in range(7):" in text
    expected = made.predict(frame) if numeric else made.predict_proba(frame)
    assert np.array_equal(run(tmp_path, text), expected)
    assert capsys.readouterr().out


@pytest.mark.parametrize("numeric", [False, True], ids=["classes", "numbers"])
def test_a_kernel_comes_along_as_it_is(
    tmp_path: Path, numeric: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    from keepwell.features.estimators.kernels import KernelClassifier, KernelRegressor

    def numbers(plans: Any, days: Any, random: Any) -> Any:
        return days / 1e6 + random.normal(size=80)

    frame, target, _ = world(tmp_path, numbers if numeric else labels)
    prepare = ColumnTransformer(
        [("dates", DateParts(), ["day"]), ("plans", OneHotEncoder(), ["plan"])]
    )
    model = (KernelRegressor if numeric else KernelClassifier)(gamma=0.2, landmarks=50)
    made = Pipeline([("prepare", prepare), ("model", model)]).fit(frame, target)
    signature = replace(SIGNATURE, task=Task.REGRESSION, classes=()) if numeric else SIGNATURE
    text = script(
        made, signature, metric="mae", told=methods(made), weighted=False, title="A shop."
    )
    expected = made.predict(frame) if numeric else made.predict_proba(frame)
    assert np.array_equal(run(tmp_path, text), expected)
    assert capsys.readouterr().out


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_curves_are_written_down_and_not_fitted_again(
    tmp_path: Path, method: str, capsys: pytest.CaptureFixture[str]
) -> None:
    frame, target, _ = world(tmp_path, labels)
    plain = pipeline().fit(frame, target)
    answer = plain.predict_proba(frame)
    random = np.random.default_rng(2)
    seen = Ensemble(
        members=(), answer=np.tile(answer, (2, 1)), actual=random.integers(0, 2, 160), scores=()
    )
    bent, told, _ = calibrated(plain, seen, method)
    assert "are calibrated" in told
    text = script(
        bent, SIGNATURE, metric="log_loss", told=methods(bent), weighted=False, title="A shop."
    )
    assert np.array_equal(run(tmp_path, text), bent.predict_proba(frame))
    assert capsys.readouterr().out


def test_weights_reach_the_members_of_a_bent_vote_of_pipelines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame, target, weights = world(tmp_path, labels)
    members = [pipeline(), pipeline()]
    members[1].steps[0][1].transformers.pop(0)  # prepared in another way: a vote of pipelines
    for member in members:
        member.set_params(model__max_iter=5_000)
        member.fit(frame, target, model__sample_weight=weights)
    voted = vote([(members[0], 0.7), (members[1], 0.3)])
    answer = voted.predict_proba(frame)
    random = np.random.default_rng(2)
    seen = Ensemble(
        members=(), answer=np.tile(answer, (2, 1)), actual=random.integers(0, 2, 160), scores=()
    )
    bent, _, _ = calibrated(voted, seen, "isotonic")
    told = methods(bent, weighted=True)
    text = script(bent, SIGNATURE, metric="accuracy", told=told, weighted=True, title="A shop.")
    assert "model__sample_weight=sample_weight" in text
    assert np.array_equal(run(tmp_path, text), bent.predict_proba(frame))
    assert capsys.readouterr().out


def test_refuses_a_network_that_pytorch_has_trained() -> None:
    from keepwell.features.networks.network import NetworkClassifier

    made = Pipeline([("prepare", Prepared(0)), ("model", NetworkClassifier())])
    with pytest.raises(TypeError, match="PyTorch has trained"):
        methods(made)


def test_writes_the_rounds_that_a_fit_cut_short_has_made() -> None:
    class Cut:
        """Stands for a CatBoost model, which cannot be changed once it is fitted."""

        tree_count_ = 12

        def get_params(self, deep: bool = True) -> dict[str, object]:
            return {"iterations": 4000, "depth": 6}

    assert Printed().code(Cut()) == "Cut(iterations=12, depth=6)"
