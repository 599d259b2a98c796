"""The directory is loaded by a real MLflow, in a process that has no Keepwell."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from keepwell.core.records import Task
from keepwell.deployment.scoring import load_scorer
from keepwell.deployment.targets import Exportable, export

pytest.importorskip("mlflow")

LOAD = """
import json, sys
if sys.argv[1] == "without":
    sys.modules["keepwell"] = None
else:
    import keepwell.deployment.scoring
import mlflow, pandas as pd
from mlflow.models import Model, validate_schema
seen = []
sys.addaudithook(lambda event, words: seen.append(event))
answers = []
for folder in sys.argv[3:]:
    frame = pd.read_parquet(sys.argv[2])
    try:
        model = mlflow.pyfunc.load_model(folder)
        answer = model.predict(frame)
        answers.append({
            "frame": json.loads(answer.to_json(orient="split", double_precision=15)),
            "exact": {name: answer[name].tolist() for name in answer},
            "loader": model.loader_module,
            "inputs": model.metadata.get_input_schema().to_dict(),
            "example": len(model.predict(model.input_example)),
        })
        validate_schema(answer, model.metadata.get_output_schema())
    except Exception as error:
        answers.append({"refused": f"{type(error).__name__}: {error}"})
events = sorted({event for event in seen if event.startswith(("pickle.", "socket.connect"))})
print(json.dumps({"answers": answers, "events": events}))
"""


def load(frame: Any, *folders: Path, keepwell: str = "without") -> Any:
    """Load directories in one process, ask each for the frame, and return what came of it."""
    table = folders[0].parent / "frame.parquet"
    frame.to_parquet(table)
    ended = subprocess.run(
        [sys.executable, "-B", "-c", LOAD, keepwell, str(table), *map(str, folders)],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
        env=os.environ | {"MLFLOW_TRACKING_URI": f"file://{table.parent / 'runs'}"},
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


def test_mlflow_loads_it_and_answers_as_ours(
    tmp_path: Path, exportable_of: Callable[..., Exportable], model_of: Any
) -> None:
    wishes: dict[str, dict[str, Any]] = {
        "tree": {},
        "linear": {"task": Task.REGRESSION, "flavour": "linear"},
        "many": {"task": Task.MULTICLASS, "flavour": "linear"},
    }
    for name, wish in wishes.items():
        rest = {key: value for key, value in wish.items() if key != "task"}
        export("mlflow", exportable_of(wish.get("task", Task.BINARY), **rest), tmp_path / name)
    altered = tmp_path / "altered"
    export("mlflow", exportable_of(), altered)
    booster = altered / "data" / "booster.txt"
    booster.write_bytes(booster.read_bytes() + b"\n")
    table = model_of().table.slice(0, 50)
    frame = table.to_pandas()
    loaded = load(frame, *(tmp_path / name for name in wishes), altered)
    assert loaded["events"] == []  # no pickle was read, nobody was asked for anything
    *answers, refused = loaded["answers"]
    for (name, wish), answer in zip(wishes.items(), answers, strict=True):
        assert "refused" not in answer, (name, answer)
        rest = {key: value for key, value in wish.items() if key != "task"}
        made = model_of(wish.get("task", Task.BINARY), **rest)
        expected = load_scorer(made.files.__getitem__, made.signature).batch(table)
        assert answer["exact"]["prediction"] == expected.predictions
        shares = [values for name, values in answer["exact"].items() if name != "prediction"]
        if expected.probabilities is None:
            assert shares == []
        else:
            np.testing.assert_array_equal(np.array(shares).T, expected.probabilities)
        assert len(answer["inputs"]) == 6
        assert answer["example"] == 1
    assert list(answers[0]["exact"]) == ["prediction", "probability_No", "probability_Yes"]
    assert "'booster.txt' of the model was altered" in refused["refused"]
    kinds = {item["name"]: (item["type"], item["required"]) for item in answers[0]["inputs"]}
    assert kinds["age"] == ("double", False)
    assert kinds["visits"] == ("long", True)
    assert kinds["colour"] == ("string", False)
    assert kinds["since"] == ("datetime", True)


def test_an_installed_keepwell_is_not_in_the_way(
    tmp_path: Path, exportable_of: Callable[..., Exportable], model_of: Any
) -> None:
    export("mlflow", exportable_of(), tmp_path / "churn")
    frame = model_of().table.slice(0, 5).to_pandas()
    (answer,) = load(frame, tmp_path / "churn", keepwell="with")["answers"]
    assert "refused" not in answer
    assert answer["loader"].startswith("keepwell_")
    assert len(answer["exact"]["prediction"]) == 5


def test_its_files_say_the_same(tmp_path: Path, exportable_of: Callable[..., Exportable]) -> None:
    folder = tmp_path / "churn"
    export("mlflow", exportable_of(), folder)
    described = yaml.safe_load((folder / "MLmodel").read_text())
    flavor = described["flavors"]["python_function"]
    module = folder / "code" / Path(*flavor["loader_module"].split("."))
    assert module.with_suffix(".py").is_file()
    assert (folder / flavor["data"] / "model.json").is_file()
    packages = (folder / "requirements.txt").read_text().split()
    conda = yaml.safe_load((folder / flavor["env"]["conda"]).read_text())
    assert conda["dependencies"][-1] == {"pip": packages}
    virtual = yaml.safe_load((folder / flavor["env"]["virtualenv"]).read_text())
    assert conda["dependencies"][0] == f"python={virtual['python']}"
    assert {line.partition("==")[0] for line in packages} >= {"mlflow", "pandas", "lightgbm"}
    assert not {"keepwell", "scikit-learn"} & {line.partition("==")[0] for line in packages}
    assert len(described["model_uuid"]) == 32


def test_frames_become_rows() -> None:
    import pandas as pd

    from keepwell.deployment.standalone.pyfunc import _rows

    frame = pd.DataFrame(
        {
            "a": [1, 2],
            "b": [0.5, np.nan],
            "c": np.array(["2020-02-29T12:00:00", "NaT"], dtype="datetime64[us]"),
            "d": [True, False],
            "e": ["x", None],
            "f": pd.array([1, None], dtype="Int64"),
        }
    )
    assert _rows(frame) == [
        {"a": 1, "b": 0.5, "c": "2020-02-29T12:00:00", "d": True, "e": "x", "f": 1},
        {"a": 2, "b": None, "c": None, "d": False, "e": None, "f": None},
    ]
    assert [type(value) for value in _rows(frame)[0].values()] == [int, float, str, bool, str, int]
    assert _rows(pd.DataFrame(index=range(2))) == [{}, {}]
