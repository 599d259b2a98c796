"""A user's own class goes from file to endpoint; its code is loaded by consent, by digest."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import keepwell as kw
from keepwell.core.errors import IntegrityError, TrainingError, UsageError
from keepwell.infrastructure import consent
from keepwell.operations.build.judge import open_scorer
from keepwell.workspace import Workspace

RULE = """
import numpy as np
from limits import LIMIT

class Rule:
    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        return np.where(X["age"] < LIMIT, 0.9, 0.2)

    def predict(self, X):
        return np.where(X["age"] < LIMIT, "yes", "no")
"""


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """Return a project whose only learner is a file of its own, with a neighbour that it imports."""
    monkeypatch.setattr(consent, "_homes", set())
    random = np.random.default_rng(0)
    ages = random.integers(18, 80, 300)
    left = np.where((ages < 40) ^ (random.random(300) < 0.1), "yes", "no")
    rows = "\n".join(
        f"{age},{random.normal():.3f},{said}" for age, said in zip(ages, left, strict=True)
    )
    (tmp_path / "visits.csv").write_text("age,noise,left\n" + rows)
    (tmp_path / "model.py").write_text(RULE)
    (tmp_path / "limits.py").write_text("LIMIT = 40\n")
    (tmp_path / "keepwell.yaml").write_text(
        "project: visits\ndata: {source: visits.csv, target: left}\n"
        "train: {budget: 10s, folds: 2, learners: [model.py]}\n"
    )
    with Workspace.open(tmp_path) as opened:
        yield opened


def test_it_is_trained_registered_and_answers(workspace: Workspace) -> None:
    result = workspace.builder.run()
    version = workspace.registry.get("visits", 1)
    assert (version.learner, result.serving) == ("model.py", "champion")
    assert version.proof is not None
    assert not version.proof.compiled
    assert version.proof.largest_difference == 0.0
    names = {file.name for file in version.bundle.files}
    assert {"own-code.pickle", "code/model.py", "code/limits.py"} <= names
    answer = open_scorer(workspace.bench, version).rows([{"age": 20, "noise": 0.0}])
    assert answer.predictions == ["yes"]
    assert answer.probabilities is not None
    assert answer.probabilities[0].tolist() == pytest.approx([0.1, 0.9])
    (workspace.root / "limits.py").write_text("LIMIT = 30\n")
    stale = {step.name: step.reason for step in workspace.builder.plan()}
    assert stale["train"] == "code.limits.py changed"


def test_elsewhere_it_is_loaded_only_after_consent(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from keepwell.operations.build.own.trusting import trust_version

    workspace.builder.run()
    version = workspace.registry.get("visits", 1)
    (workspace.home / consent.FILE).unlink()  # as in a workspace that only shares the record
    with pytest.raises(IntegrityError, match="keepwell models trust"):
        open_scorer(workspace.bench, version)
    said = trust_version(workspace.bench, "visits", 1)
    assert set(said["code"]) == {"code/model.py", "code/limits.py"}
    answer = open_scorer(workspace.bench, version).rows([{"age": 20, "noise": 0.0}])
    assert answer.predictions == ["yes"]


def test_a_run_ends_with_the_users_own_error(workspace: Workspace) -> None:
    (workspace.root / "model.py").write_text(
        RULE.replace("return np.where(X", "return X['wage'] + (X")
    )
    with pytest.raises(TrainingError, match=r"model\.py, line 10: KeyError: 'wage'"):
        workspace.builder.run()
    assert workspace.runs.find(kind="train")[0].status == "failed"


class Doubled:
    """Knows nothing of scikit-learn."""

    def predict(self, frame: Any) -> Any:
        return frame["age"] * 2


def test_any_object_that_predicts_is_registered_with_trust(workspace: Workspace) -> None:
    import pandas as pd

    rows = pd.DataFrame({"age": np.arange(50.0), "wage": np.arange(50.0) * 2})
    with kw.Project(workspace.root) as project:
        version = project.register(Doubled(), rows, "wage", trust_code=True)
        assert version.metrics["rmse"].value == 0.0
        assert version.learner == "Doubled"
        assert project.predict([{"age": 4}], version.version) == [8.0]
        with pytest.raises(UsageError, match="trust_code=True"):
            project.register(Doubled(), rows, "wage")
        with pytest.raises(UsageError, match="has no predict"):
            project.register(object(), rows, "wage", trust_code=True)
