"""`train.learners:` takes names, and names with settings; what is neither is refused with its line."""

from pathlib import Path

import pytest

from keepwell.core.errors import ProjectFileError
from keepwell.core.spec import LearnerSpec
from keepwell.infrastructure.project_file import load_project


def learners(folder: Path, text: str) -> tuple[str | LearnerSpec, ...]:
    file = folder / "keepwell.yaml"
    file.write_text(f"data: {{source: a.csv}}\ntrain:\n  learners: {text}\n")
    return load_project(file).train.learners


def test_names_and_settings_are_read(tmp_path: Path) -> None:
    found = learners(
        tmp_path, "[lightgbm, {sklearn.svm.SVC: {C: 2.0, probability: true}}, model.py]"
    )
    svc = LearnerSpec(name="sklearn.svm.SVC", params={"C": 2.0, "probability": True})
    assert found == ("lightgbm", svc, "model.py")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[{lightgbm: 3}]", "are written as {key: value}"),
        ("[{a: {x: 1}, b: {y: 2}}]", "one name and its settings"),
        ("[[lightgbm]]", "one name and its settings"),
        ("[{lightgbm: {rate: .nan}}]", "no plain value"),
    ],
)
def test_says_how_an_entry_is_written(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ProjectFileError) as caught:
        learners(tmp_path, text)
    assert said in str(caught.value)
    assert "train.learners" in str(caught.value)
