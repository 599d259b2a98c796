"""`keepwell models show` of a model of one's own says what became of its steps."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import keepwell as kw


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    folder = tmp_path_factory.mktemp("own")
    (folder / "keepwell.yaml").write_text("project: own\ndata: {source: none.csv, target: left}\n")
    random = np.random.default_rng(0)
    numbers = random.normal(size=(200, 2))
    left = numbers.sum(axis=1) > 0
    rows = pa.table({"x0": numbers[:, 0], "x1": numbers[:, 1], "left": left})
    unknown = QuadraticDiscriminantAnalysis()
    with kw.Project(folder) as project:
        for model in (
            make_pipeline(StandardScaler(), LogisticRegression()),
            make_pipeline(StandardScaler(), unknown),
            unknown,
        ):
            project.register(model.fit(numbers, left), rows, "left")
    return folder


@pytest.mark.parametrize(
    ("version", "says"),
    [
        ("1", "yes; equals the original on 20"),
        ("2", "runs as it is: quadraticdiscriminantanalysis (there is no compiled form of"),
        ("2", "in part; equals the original on 20"),
        ("3", "no, runs as it is: there is no compiled form of"),
    ],
)
def test_show_says_which_step_runs_as_it_is_and_why(
    keepwell: Any, own: Path, version: str, says: str
) -> None:
    shown = keepwell("models", "show", version, "-C", own)
    assert shown.code == 0
    assert says in shown.out


def test_the_document_of_a_version_names_the_parts(keepwell: Any, own: Path) -> None:
    proof = keepwell("models", "show", "2", "-C", own, "--json").document["proof"]
    assert [part["name"] for part in proof["kept"]] == ["quadraticdiscriminantanalysis"]
