"""A model of one's own goes live without a rewrite."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import keepwell as kw
from keepwell.core.errors import InvalidDataError

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
    from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis

    with kw.Project(folder) as project:
        model = fitted(QuadraticDiscriminantAnalysis(reg_param=0.1))
        version = project.register(model, visitors(200, seed=1), "left")
        assert version.proof is not None
        (part,) = version.proof.kept
        assert part.name == "quadraticdiscriminantanalysis"
        assert "QuadraticDiscriminantAnalysis" in part.reason
        assert project.predict([{"age": 79, "plan": "a"}], version=version.version) == ["yes"]


def test_a_missing_target_is_named(folder: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    with kw.Project(folder) as project, pytest.raises(InvalidDataError, match="'lft'"):
        project.register(fitted(LogisticRegression()), visitors(50, seed=1), "lft")
