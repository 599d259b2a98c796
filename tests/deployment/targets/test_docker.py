"""The image cannot be built here, but everything that it would run is run, with what it would install."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from keepwell.core.errors import InvalidRequestError, UsageError
from keepwell.core.records import Task
from keepwell.deployment.scoring import load_scorer
from keepwell.deployment.standalone import open_model
from keepwell.deployment.standalone.inference import infer
from keepwell.deployment.targets import Exportable, Exported, export
from keepwell.deployment.targets.runtime import carry, requirements

Exportables = Callable[..., Exportable]


@contextlib.contextmanager
def serving(lonely: Any, folder: Path, port: int, until: Callable[..., None]) -> Iterator[Any]:
    """Start an export's server as its image would; it must stop by itself when told to."""
    environment = {"KEEPWELL_HOST": "127.0.0.1", "KEEPWELL_PORT": str(port)}
    process = subprocess.Popen(
        lonely.command(folder, "serve.py"), cwd=folder, env=environment, stderr=subprocess.PIPE
    )
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            until(lambda: client.get("/readyz").status_code == 200)
            yield client
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) in (0, -signal.SIGTERM)
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def image(
    tmp_path_factory: pytest.TempPathFactory, exportable_of: Exportables
) -> tuple[Path, Exported]:
    folder = tmp_path_factory.mktemp("image") / "churn"
    return folder, export("docker", exportable_of(), folder)


def test_its_server_answers_as_ours(
    image: tuple[Path, Exported],
    served: Any,
    lonely: Any,
    free_port: int,
    until: Any,
    a_row: dict[str, Any],
    model_of: Any,
) -> None:
    folder, _ = image
    rows = [a_row, {**a_row, "colour": "never seen", "age": None, "extra": 1}]
    made = model_of()
    scores = load_scorer(made.files.__getitem__, made.signature).rows(rows)
    with serving(lonely, folder, free_port, until) as client:
        answered = client.post("/endpoints/churn/predict", json={"instances": rows})
        assert answered.status_code == 200
        assert answered.headers["x-model-version"] == "3"
        document = answered.json()
        assert document["predictions"] == scores.predictions
        assert scores.probabilities is not None
        assert [list(row.values()) for row in document["probabilities"]] == (
            scores.probabilities.tolist()
        )
        ours = served.predict(rows).json()  # the same shape; another version
        assert document.keys() == ours.keys() - {"prediction_ids"}
        assert document["warnings"] == ours["warnings"]
        assert document["probabilities"][0].keys() == ours["probabilities"][0].keys()
        many = [a_row] * 500
        assert len(client.post("/endpoints/churn/predict", json={"instances": many}).json()
                   ["predictions"]) == 500  # fmt: skip


def test_it_refuses_as_ours(
    image: tuple[Path, Exported],
    served: Any,
    lonely: Any,
    free_port: int,
    until: Any,
    a_row: dict[str, Any],
) -> None:
    with serving(lonely, image[0], free_port, until) as client:
        for body in (
            b"{",
            b'{"instances": 3}',
            json.dumps({"instances": [{**a_row, "age": "old"}]}).encode(),
            json.dumps({"instances": [{}]}).encode(),
        ):
            theirs = client.post("/endpoints/churn/predict", content=body)
            ours = served.client.post("/endpoints/churn/predict", content=body)
            assert theirs.status_code == ours.status_code
            assert theirs.json()["error"] == ours.json()["error"]
            assert theirs.json()["details"] == ours.json()["details"]
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.get("/endpoints/churn/predict").status_code == 405
        missing = client.post("/endpoints/chrun/predict", json={"instances": []})
        assert missing.status_code == 404
        assert "did you mean '/endpoints/churn/predict'" in missing.json()["now"]
        large = client.post("/endpoints/churn/predict", content=b" " * (11 << 20))
        assert large.status_code == 413
        assert client.post("/endpoints/churn/predict", json={"instances": []}).status_code == 200


def test_it_speaks_the_open_inference_protocol(
    image: tuple[Path, Exported], lonely: Any, free_port: int, until: Any, model_of: Any
) -> None:
    tritonclient = pytest.importorskip("tritonclient.http")
    import numpy as np

    made = model_of()
    rows = [row for row in made.table.slice(0, 40).to_pylist() if None not in row.values()]
    for row in rows:
        row["since"] = row["since"].isoformat()
    expected = load_scorer(made.files.__getitem__, made.signature).rows(rows)
    kinds = {"age": "FP64", "visits": "INT64", "member": "BOOL"}
    inputs = []
    for field in made.signature.inputs:
        kind = kinds.get(field.name, "BYTES")
        dtype = {"FP64": float, "INT64": np.int64, "BOOL": bool, "BYTES": object}[kind]
        values = np.array([row[field.name] for row in rows], dtype=dtype)
        tensor = tritonclient.InferInput(field.name, [len(rows)], kind)
        tensor.set_data_from_numpy(values, binary_data=False)
        inputs.append(tensor)
    wanted = [
        tritonclient.InferRequestedOutput(name, binary_data=False)
        for name in ("prediction", "probabilities")
    ]
    with serving(lonely, image[0], free_port, until):
        triton = tritonclient.InferenceServerClient(f"127.0.0.1:{free_port}")
        try:
            assert triton.is_server_live()
            assert triton.is_server_ready()
            assert triton.is_model_ready("churn", "3")
            described = triton.get_model_metadata("churn")
            assert [item["name"] for item in described["inputs"]] == list(made.table.column_names)
            result = triton.infer("churn", inputs, outputs=wanted, request_id="r1")
            assert result.as_numpy("prediction").tolist() == expected.predictions
            np.testing.assert_array_equal(result.as_numpy("probabilities"), expected.probabilities)
            assert result.get_response()["id"] == "r1"
        finally:
            triton.close()


def test_tensors_may_be_nested_and_outputs_chosen(
    image: tuple[Path, Exported], a_row: dict[str, Any]
) -> None:
    model = open_model(image[0] / "model")
    nested = [
        {"name": name, "shape": [1, 1], "datatype": "BYTES", "data": [[value]]}
        for name, value in a_row.items()
    ]
    request: dict[str, Any] = {"inputs": nested, "outputs": [{"name": "prediction"}]}
    (answer,) = infer(model, json.dumps(request).encode())["outputs"]
    assert (answer["name"], answer["data"]) == ("prediction", model.scores([a_row]).predictions)
    request["outputs"] = [{"name": "predictions"}]
    with pytest.raises(InvalidRequestError, match="no output 'predictions'") as caught:
        infer(model, json.dumps(request).encode())
    assert caught.value.now == "did you mean 'prediction'?"
    uneven = {
        "inputs": [
            {"name": "age", "shape": [2], "datatype": "FP64", "data": [1, 2]},
            {"name": "visits", "shape": [1], "datatype": "INT64", "data": [1]},
        ]
    }
    with pytest.raises(InvalidRequestError, match="'visits' has 1 values"):
        infer(model, json.dumps(uneven).encode())
    with pytest.raises(InvalidRequestError, match="no inference request"):
        infer(model, b'{"inputs": [{"name": "age"}]}')
    with pytest.raises(UsageError, match="not JSON"):
        infer(model, b"\xff")


def test_another_task_starts_and_answers(
    tmp_path: Path, exportable_of: Exportables, lonely: Any
) -> None:
    exported = export("docker", exportable_of(Task.MULTICLASS, flavour="linear"), tmp_path / "out")
    assert exported.figures["largest_difference"] == 0
    assert exported.figures["rows_compared"] == 60
    pinned = (tmp_path / "out" / "requirements.txt").read_text()
    assert "lightgbm" not in pinned
    assert "libgomp1" not in (tmp_path / "out" / "Dockerfile").read_text()
    assert lonely.run(tmp_path / "out", "serve.py", "--verify").returncode == 0


def test_a_model_that_is_not_compiled_runs_as_it_is(
    tmp_path: Path, exportable_of: Exportables, lonely: Any
) -> None:
    carried = carry(tmp_path, exportable_of(compiled=False), "serving")
    assert carried.trial.largest_difference == 0
    pinned = requirements(carried.packages)
    assert "scikit-learn==" in pinned
    assert "pytest" not in pinned
    assert "torch" not in pinned
    assert (tmp_path / "model" / "pipeline.skops").is_file()
    (tmp_path / "requirements.txt").write_text(pinned)
    program = (
        "sys.path.insert(0, '.'); from pathlib import Path\n"
        f"from {carried.module} import open_model; open_model(Path('model'))\n"
    )
    ended = lonely.run(tmp_path, program)  # without Keepwell, whose types are in it
    assert ended.returncode == 0, ended.stderr


def test_altered_files_are_refused(
    image: tuple[Path, Exported], lonely: Any, tmp_path: Path
) -> None:
    folder = shutil.copytree(image[0], tmp_path / "altered")
    booster = folder / "model" / "booster.txt"
    booster.write_bytes(booster.read_bytes().replace(b"0.", b"1.", 1))
    ended = lonely.run(folder, "serve.py")
    assert ended.returncode == 1
    assert "'booster.txt' of the model was altered" in ended.stderr
    assert "Traceback" not in ended.stderr
    booster.unlink()
    assert "cannot be read" in lonely.run(folder, "serve.py", "--verify").stderr


def test_it_needs_no_place_to_write(
    image: tuple[Path, Exported], lonely: Any, free_port: int, until: Any, a_row: dict[str, Any]
) -> None:
    folder, exported = image
    with serving(lonely, folder, free_port, until) as client:
        client.post("/endpoints/churn/predict", json={"instances": [a_row]})
        (pid,) = [
            int(path.name)
            for path in Path("/proc").iterdir()
            if path.name.isdigit() and _environment(path).get("KEEPWELL_PORT") == str(free_port)
        ]
        opened = [os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()]
        assert [name for name in opened if str(folder) in name] == []
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert found == {file.name for file in exported.files}


def _environment(process: Path) -> dict[str, str]:
    try:
        words = (process / "environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return {}
    return dict(word.split("=", 1) for word in words if "=" in word)


def test_the_dockerfile_is_as_it_should_be(image: tuple[Path, Exported]) -> None:
    folder, exported = image
    text = (folder / "Dockerfile").read_text()
    joined = re.sub(r"\\\n\s*", " ", text)
    lines = [line for line in joined.splitlines() if line and not line.startswith("#")]
    words = [line.split(maxsplit=1) for line in lines]
    known = {"FROM", "LABEL", "ENV", "RUN", "WORKDIR", "COPY", "USER", "EXPOSE", "STOPSIGNAL",
             "HEALTHCHECK", "ENTRYPOINT"}  # fmt: skip
    assert {word for word, _ in words} <= known
    assert words[0][0] == "FROM"
    assert re.fullmatch(r"python:3\.\d+-slim", words[0][1])
    order = [word for word, _ in words]
    assert order.index("USER") > max(at for at, word in enumerate(order) if word == "RUN")
    (user,) = [rest for word, rest in words if word == "USER"]
    assert user == "10001:10001"
    (entry,) = [json.loads(rest) for word, rest in words if word == "ENTRYPOINT"]
    assert entry == ["python", "serve.py"]
    (health,) = [rest for word, rest in words if word == "HEALTHCHECK"]
    command = json.loads(health[health.index("CMD ") + 4 :])
    compile(command[2], "healthcheck", "exec")
    for word, rest in words:
        if word == "COPY":
            assert (folder / rest.split()[0]).exists()
    assert "apt-get install -y --no-install-recommends libgomp1" in joined
    assert exported.notes[0] == "docker build -t churn:3 ."


def test_the_lock_names_exact_versions(image: tuple[Path, Exported]) -> None:
    from packaging.requirements import Requirement

    lines = (image[0] / "requirements.txt").read_text().splitlines()
    found = [Requirement(line) for line in lines if not line.startswith("#")]
    assert all([item.operator for item in one.specifier] == ["=="] for one in found)
    names = {one.name for one in found}
    assert {"numpy", "msgspec", "lightgbm", "uvicorn", "httptools", "uvloop", "h11"} <= names
    assert not {"scikit-learn", "pandas", "keepwell", "scipy", "pyarrow"} & names


def test_the_health_check_tells_a_dead_server(image: tuple[Path, Exported], lonely: Any) -> None:
    text = re.sub(r"\\\n\s*", " ", (image[0] / "Dockerfile").read_text())
    command = json.loads(re.findall(r"CMD (\[.*\])", text)[0])
    assert lonely.run(image[0], command[2]).returncode != 0
