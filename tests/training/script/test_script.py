"""A pipeline written as a program does the same without Keepwell."""

import subprocess
import sys
from pathlib import Path

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
from keepwell.training.script import ANSWERS, SCRIPT, TEST, TRAIN, script
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


def test_tells_members_of_a_vote_what_they_were_told() -> None:
    from lightgbm import LGBMClassifier
    from sklearn.ensemble import VotingClassifier

    first, second, third = (LGBMClassifier(num_leaves=size) for size in (5, 6, 7))
    told = {
        id(first): {"categorical_feature": [1]},
        id(second): {"categorical_feature": [1]},
        id(third): {"categorical_feature": [2]},
    }
    printed = Printed(told)
    code = printed.code(VotingClassifier([("a", first), ("b", second), ("c", third)]))
    assert "('a', ToldLGBMClassifier(num_leaves=5))" in code
    assert "('b', ToldLGBMClassifier(num_leaves=6))" in code
    assert "('c', ToldLGBMClassifier2(num_leaves=7))" in code
    assert (
        "super().fit(X, y, categorical_feature=[2], **more)"
        in printed.classes["ToldLGBMClassifier2"]
    )


def test_refuses_weights_that_cannot_reach_the_members() -> None:
    from sklearn.ensemble import VotingClassifier

    vote = VotingClassifier([("a", pipeline())])
    with pytest.raises(TypeError, match="weights of rows cannot reach"):
        script(vote, SIGNATURE, metric="roc_auc", weighted=True, title="A shop.")


def test_writes_the_rounds_that_a_fit_cut_short_has_made() -> None:
    class Cut:
        """Stands for a CatBoost model, which cannot be changed once it is fitted."""

        tree_count_ = 12

        def get_params(self, deep: bool = True) -> dict[str, object]:
            return {"iterations": 4000, "depth": 6}

    assert Printed().code(Cut()) == "Cut(iterations=12, depth=6)"
