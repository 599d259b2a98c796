"""The Open Inference Protocol over HTTP, asked by Triton's client and by hand."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

Row = dict[str, Any]
TYPES = {
    "age": ("FP64", float),
    "visits": ("INT64", int),
    "member": ("BOOL", bool),
    "colour": ("BYTES", object),
    "since": ("BYTES", object),
    "note": ("BYTES", object),
}


@pytest.fixture(scope="module")
def client(served: Any) -> Iterator[Any]:
    with triton.InferenceServerClient(f"127.0.0.1:{served.supervisor.port}") as opened:
        yield opened


@pytest.fixture
def two(a_row: Row) -> list[Row]:
    return [a_row, a_row | {"visits": 49, "age": 70.0, "colour": "blue"}]


def tensors(rows: list[Row], *, binary: bool, column: bool = False) -> list[Any]:
    made = []
    for name, (datatype, kind) in TYPES.items():
        array: Any = np.array([row[name] for row in rows], dtype=kind)
        array = array[:, None] if column else array
        tensor = triton.InferInput(name, list(array.shape), datatype)
        tensor.set_data_from_numpy(array, binary_data=binary)
        made.append(tensor)
    return made


def infer(served: Any, document: Any, path: str = "models/churn/infer", **headers: str) -> Any:
    content = document if isinstance(document, bytes) else json.dumps(document)
    return served.client.post(f"/v2/{path}", content=content, headers=headers)


def test_health_and_metadata(served: Any, client: Any) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("churn")
    assert client.is_model_ready("churn", "1")
    assert not client.is_model_ready("churn", "2")
    assert not client.is_model_ready("nobody")
    assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    metadata = client.get_model_metadata("churn")
    assert (metadata["name"], metadata["versions"]) == ("churn", ["1"])
    assert {one["name"]: one["datatype"] for one in metadata["inputs"]} == {
        name: datatype for name, (datatype, _) in TYPES.items()
    }
    outputs = {one["name"]: (one["datatype"], one["shape"]) for one in metadata["outputs"]}
    assert outputs == {
        "predictions": ("BYTES", [-1]),
        "probabilities": ("FP64", [-1, 2]),
        "prediction_ids": ("BYTES", [-1]),
    }
    assert served.client.get("/v2").json()["name"] == "keepwell"


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False])
@pytest.mark.parametrize("column", [True, False])
def test_tritons_client_gets_what_our_own_door_says(
    served: Any, client: Any, two: list[Row], binary_in: bool, binary_out: bool, column: bool
) -> None:
    expected = served.predict(two).json()
    wanted = [
        triton.InferRequestedOutput(name, binary_data=binary_out)
        for name in ("probabilities", "predictions", "prediction_ids")
    ]
    answer = client.infer(
        "churn", tensors(two, binary=binary_in, column=column), outputs=wanted, request_id="mine-7"
    )
    said = answer.as_numpy("predictions").tolist()
    assert [one.decode() if isinstance(one, bytes) else one for one in said] == expected[
        "predictions"
    ]
    likely = [list(row.values()) for row in expected["probabilities"]]
    assert answer.as_numpy("probabilities").tolist() == likely
    response = answer.get_response()
    assert (response["id"], response["model_version"]) == ("mine-7", "1")
    assert [one["name"] for one in response["outputs"]] == [
        "probabilities", "predictions", "prediction_ids",
    ]  # fmt: skip
    identifier = answer.as_numpy("prediction_ids")[1]
    identifier = identifier.decode() if isinstance(identifier, bytes) else identifier
    logged = {row.id: row for row in served.house.logged()}
    assert json.loads(logged[identifier].inputs) == two[1]
    assert logged[identifier].request == "mine-7"


def test_everything_comes_back_unless_asked_otherwise(client: Any, two: list[Row]) -> None:
    answer = client.infer("churn", tensors(two, binary=True))
    assert answer.as_numpy("probabilities").shape == (2, 2)
    assert answer.as_numpy("prediction_ids").shape == (2,)
    packed = client.infer("churn", tensors(two, binary=True), request_compression_algorithm="gzip")
    assert packed.as_numpy("probabilities").tolist() == answer.as_numpy("probabilities").tolist()


def test_gaps_are_nan_and_empty_text(served: Any, client: Any, a_row: Row) -> None:
    expected = served.predict([a_row | {"age": None, "colour": None}]).json()
    row = a_row | {"age": float("nan"), "colour": ""}
    for binary in (True, False):
        answer = client.infer("churn", tensors([row], binary=binary))
        likely = list(expected["probabilities"][0].values())
        assert answer.as_numpy("probabilities")[0].tolist() == likely


def test_a_version_that_is_served_can_be_asked_for(
    served: Any, client: Any, two: list[Row], until: Any
) -> None:
    house = served.house
    try:
        generation = house.route("churn", {1: 100.0, 2: 0.0}, key="customer")
        assert served.supervisor.wait_for(generation)
        answer = client.infer("churn", tensors(two, binary=True), model_version="2")
        assert answer.get_response()["model_version"] == "2"
        identifier = answer.as_numpy("prediction_ids")[0].decode()
        logged = {row.id: row for row in house.logged()}
        assert (logged[identifier].version, logged[identifier].role) == (2, "challenger")
        with pytest.raises(InferenceServerException, match="version 3 is not served at 'churn'"):
            client.infer("churn", tensors(two, binary=True), model_version="3")
    finally:
        served.supervisor.wait_for(house.route("churn", {1: 100.0}, key="customer"))


def test_one_matrix_holds_all_columns(served: Any) -> None:
    tensor = {"name": "input-0", "datatype": "BYTES", "shape": [2, 6]}
    cells = ["41.5", "12", "true", "red", "2020-02-29T12:00:00", "good luck"]
    answer = infer(served, {"inputs": [tensor | {"data": [cells, ["", *cells[1:]]]}]})
    assert answer.status_code == 200, answer.text
    rows = [json.loads(row.inputs) for row in served.house.logged()[-2:]]
    assert [row["age"] for row in rows] == [41.5, None]
    answer = infer(served, {"inputs": [tensor | {"shape": [6, 2], "data": cells * 2}]})
    assert answer.status_code == 422
    assert "the model takes 6" in answer.json()["why"]


TENSOR = {"name": "visits", "datatype": "INT64", "shape": [1], "data": [1]}
BAD: dict[str, tuple[Any, int, str]] = {
    "nothing": ({}, 422, "'inputs'"),
    "no json": (b'{"a": 1,}', 400, "line 1"),
    "no name": ({"inputs": [{}]}, 422, "tensor ''"),
    "type": ({"inputs": [TENSOR | {"datatype": "INT46"}]}, 422, "did you mean 'INT64'"),
    "shape": ({"inputs": [TENSOR | {"shape": [-1]}]}, 422, "'visits'"),
    "huge": ({"inputs": [TENSOR | {"shape": [10**12]}]}, 422, "1000000000000"),
    "values": ({"inputs": [TENSOR | {"data": [1, 2]}]}, 422, "2 values"),
    "no data": ({"inputs": [{**TENSOR, "data": None}]}, 422, "no list"),
    "text": ({"inputs": [TENSOR | {"data": ["x"]}]}, 422, "'visits'"),
    "rows": ({"inputs": [TENSOR, TENSOR | {"name": "b", "shape": [2], "data": [1, 2]}]}, 422, "'b'"),
    "twice": ({"inputs": [TENSOR, TENSOR]}, 422, "twice"),
    "output": ({"inputs": [], "outputs": [{"name": "prediction"}]}, 422, "'predictions'"),
    "class": (
        {"inputs": [], "outputs": [{"name": "predictions", "parameters": {"classification": 2}}]},
        422, "classification",
    ),
    "shared": (
        {"inputs": [{**TENSOR, "parameters": {"shared_memory_region": "r"}}]}, 422, "shared memory",
    ),
    "size": ({"inputs": [{**TENSOR, "parameters": {"binary_data_size": 8}}]}, 422, "0 bytes are left"),
    "parameters": ({"inputs": [], "parameters": 3}, 422, "'parameters'"),
    "id": ({"inputs": [], "id": 3}, 422, "'id'"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_does_not_fit_is_refused_by_name(served: Any, name: str) -> None:
    document, status, words = BAD[name]
    pid = served.supervisor.workers()[0].pid
    answer = infer(served, document)
    assert answer.status_code == status, answer.text
    assert words in answer.json()["error"]
    assert served.supervisor.workers()[0].pid == pid


def test_a_binary_part_that_does_not_fit_is_refused(served: Any) -> None:
    def ask(head: Any, tail: bytes, length: int | str | None = None) -> tuple[int, str]:
        text = json.dumps(head).encode()
        said = str(len(text) if length is None else length)
        answer = infer(served, text + tail, **{"inference-header-content-length": said})
        return answer.status_code, answer.json()["error"]

    def tensor(size: int, datatype: str = "INT64") -> Any:
        one = {"name": "visits", "datatype": datatype, "shape": [1]}
        return {"inputs": [{**one, "parameters": {"binary_data_size": size}}]}

    assert ask(tensor(8), b"1234567")[0] == 422
    assert ask(tensor(7), b"1234567")[0] == 422
    assert ask(tensor(4), b"12345678")[0] in (400, 422)
    assert ask({"inputs": []}, b"12") == (400, ask({"inputs": []}, b"12")[1])
    assert ask(tensor(3, "BYTES"), b"\x01\x00\x00")[0] == 422
    assert ask(tensor(5, "BYTES"), b"\xff\xff\xff\x7fa")[0] == 422
    assert ask(tensor(5, "BYTES"), b"\x01\x00\x00\x00\xff")[0] == 422
    assert ask(tensor(8), b"12345678", 10**6)[0] == 400
    assert ask(tensor(8), b"12345678", "many")[0] == 400


def test_a_packed_body_cannot_grow_without_bounds(served: Any) -> None:
    bomb = gzip.compress(b" " * (64 << 20))
    assert infer(served, bomb, **{"content-encoding": "gzip"}).status_code == 413
    assert infer(served, b"xx", **{"content-encoding": "gzip"}).status_code == 400
    assert (
        infer(served, gzip.compress(b"{}")[:-4], **{"content-encoding": "gzip"}).status_code == 400
    )
    assert infer(served, b"xx", **{"content-encoding": "br"}).status_code == 415


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "models/nobody", 404),
        ("GET", "models/empty", 503),
        ("GET", "models/churn/versions/9", 404),
        ("GET", "models/churn/versions/one/ready", 404),
        ("GET", "models/churn/infer", 405),
        ("POST", "models/churn", 405),
        ("DELETE", "models/churn", 405),
        ("GET", "models/churn/live", 404),
        ("GET", "nothing", 404),
        ("GET", "models", 404),
    ],
)
def test_paths_that_lead_nowhere_are_refused(
    served: Any, method: str, path: str, status: int
) -> None:
    answer = served.client.request(method, f"/v2/{path}")
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]
