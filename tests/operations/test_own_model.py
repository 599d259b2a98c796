"""A model of one's own goes live without a rewrite."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import keepwell as kw
from keepwell.core.errors import InvalidDataError
from keepwell.operations.elsewhere.samples import read_sample
from keepwell.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd


def visitors(rows: int, seed: int) -> "pd.DataFrame":
    import pandas as pd

    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"age": random.integers(18, 80, rows), "plan": random.choice(["a", "b"], rows)}
    )
    frame["left"] = np.where(frame.age + 20 * (frame.plan == "a") > 60, "yes", "no")
    return frame


def fitted(estimator: Any) -> Any:
    from sklearn.compose import make_column_transformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    prepare = make_column_transformer(
        (StandardScaler(), ["age"]), (OneHotEncoder(handle_unknown="ignore"), ["plan"])
    )
    rows = visitors(400, seed=0)
    return make_pipeline(prepare, estimator).fit(rows[["age", "plan"]], rows["left"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "keepwell.yaml").write_text(
        "project: visits\ndata: {source: none.csv, target: left}\n"
    )
    return tmp_path


def test_a_sample_of_its_rows_is_kept_for_the_monitors(folder: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    with kw.Project(folder) as project:
        version = project.register(fitted(LogisticRegression()), visitors(200, seed=1), "left")
    with Workspace.open(folder) as workspace:
        sample = read_sample(workspace.blobs, version)
    assert sample is not None
    assert (sample.rows.column_names, sample.drawn_from) == (["age", "plan"], 200)


def test_a_plain_pipeline_is_registered_proven_gated_and_promoted(folder: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    with kw.Project(folder) as project:
        version = project.register(fitted(LogisticRegression()), visitors(200, seed=1), "left")
        assert version.proof is not None
        assert version.proof.compiled
        assert version.proof.largest_difference < 1e-9
        assert version.metrics["accuracy"].value > 0.9
        assert version.gate is not None
        assert version.gate.passed
        project.promote(version.version)
        assert project.predict([{"age": 79, "plan": "a"}, {"age": 20, "plan": "b"}]) == [
            "yes",
            "no",
        ]
        assert project.workspace.endpoints.read("visits").champion == 1
        assert project.workspace.registry.profile(version).column("prediction") is not None


def test_what_has_no_compiled_form_is_served_as_it_is(folder: Path) -> None:
    from sklearn.neighbors import RadiusNeighborsClassifier

    with kw.Project(folder) as project:
        model = fitted(RadiusNeighborsClassifier(0.5, outlier_label="most_frequent"))
        version = project.register(model, visitors(200, seed=1), "left")
        assert version.proof is not None
        (part,) = version.proof.kept
        assert part.name == "radiusneighborsclassifier"
        assert "RadiusNeighborsClassifier" in part.reason
        assert project.predict([{"age": 79, "plan": "a"}], version=version.version) == ["yes"]


@pytest.mark.parametrize("library", ["xgboost", "catboost", "margins"])
def test_models_of_other_libraries_go_the_same_way(folder: Path, library: str) -> None:
    from catboost import CatBoostClassifier
    from sklearn.svm import LinearSVC
    from xgboost import XGBClassifier

    estimators: dict[str, Any] = {
        "xgboost": XGBClassifier(n_estimators=5, n_jobs=1),
        "catboost": CatBoostClassifier(iterations=5, verbose=0, allow_writing_files=False),
        "margins": LinearSVC(),
    }
    with kw.Project(folder) as project:
        rows = visitors(400, seed=0)
        model = fitted(LinearSVC())[:-1]  # the preparation alone
        test = visitors(200, seed=1)
        if library == "xgboost":  # which wants codes
            rows["left"], test["left"] = rows["left"] == "yes", test["left"] == "yes"
        estimator = estimators[library].fit(model.transform(rows[["age", "plan"]]), rows["left"])
        model.steps.append(("estimator", estimator))
        version = project.register(model, test, "left")
        assert version.proof is not None
        assert version.proof.compiled, version.proof.reason
        assert version.proof.kept == ()
        assert version.metrics["accuracy"].value > 0.85
        answers = project.predict([{"age": 79, "plan": "a"}, {"age": 20, "plan": "b"}], version=1)
        assert answers == ([1, 0] if library == "xgboost" else ["yes", "no"])


def test_labels_that_the_model_does_not_know_are_named(folder: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    rows = visitors(50, seed=1)
    rows["left"] = rows["left"] == "yes"
    with (
        kw.Project(folder) as project,
        pytest.raises(InvalidDataError, match="holds False, True, the model answers no, yes"),
    ):
        project.register(fitted(LogisticRegression()), rows, "left")


def test_a_missing_target_is_named(folder: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    with kw.Project(folder) as project, pytest.raises(InvalidDataError, match="'lft'"):
        project.register(fitted(LogisticRegression()), visitors(50, seed=1), "lft")
