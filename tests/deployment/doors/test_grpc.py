"""The Open Inference Protocol over gRPC, asked by Triton's client: the gateway and the workers for real."""

import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import httpx2
import numpy as np
import psutil
import pytest
import tritonclient.grpc as triton
from tritonclient.grpc import service_pb2
from tritonclient.utils import InferenceServerException

from keepwell.core.errors import BusyError, MissingExtraError
from keepwell.deployment.server import Supervisor
from keepwell.deployment.server.inference_protocol.descriptors import message

Row = dict[str, Any]
TYPES = {
    "age": ("FP64", float),
    "visits": ("INT64", int),
    "member": ("BOOL", bool),
    "colour": ("BYTES", object),
    "since": ("BYTES", object),
    "note": ("BYTES", object),
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def both(
    tmp_path_factory: pytest.TempPathFactory, model_of: Callable[..., Any], house_in: Any
) -> Iterator[Any]:
    """Return a workspace that is served over HTTP and gRPC."""
    house = house_in(tmp_path_factory.mktemp("grpc") / "home")
    for version in (1, 2):
        house.register("churn", version, model_of(seed=version))
    generation = house.route("churn", {1: 100.0, 2: 0.0}, key="customer")
    control = house.home / "run" / "control.sock"
    supervisor = Supervisor(house.home, "127.0.0.1", 0, 1, control, grpc_port=free_port())
    supervisor.start()
    assert supervisor.wait_for(generation, timeout=60), house.logs()
    yield house, supervisor
    supervisor.stop()


@pytest.fixture(scope="module")
def client(both: Any, until: Callable[..., None]) -> Iterator[Any]:
    _, supervisor = both
    with triton.InferenceServerClient(f"127.0.0.1:{supervisor.grpc_port}") as opened:

        def live() -> bool:
            try:
                return bool(opened.is_server_live())
            except InferenceServerException:
                return False

        until(live)
        yield opened


@pytest.fixture
def two(a_row: Row) -> list[Row]:
    return [a_row, a_row | {"visits": 49, "age": 70.0, "colour": "blue"}]


def tensors(rows: list[Row]) -> list[Any]:
    made = []
    for name, (datatype, kind) in TYPES.items():
        array: Any = np.array([row[name] for row in rows], dtype=kind)
        tensor = triton.InferInput(name, list(array.shape), datatype)
        tensor.set_data_from_numpy(array)
        made.append(tensor)
    return made


def test_health_and_metadata(client: Any) -> None:
    assert client.is_server_ready()
    assert client.is_model_ready("churn")
    assert client.is_model_ready("churn", "2")
    assert not client.is_model_ready("churn", "3")
    assert not client.is_model_ready("nobody")
    assert client.get_server_metadata().name == "keepwell"
    metadata = client.get_model_metadata("churn")
    assert list(metadata.versions) == ["1", "2"]
    assert {one.name: one.datatype for one in metadata.inputs} == {
        name: datatype for name, (datatype, _) in TYPES.items()
    }
    assert [(one.name, list(one.shape)) for one in metadata.outputs] == [
        ("predictions", [-1]), ("probabilities", [-1, 2]), ("prediction_ids", [-1]),
    ]  # fmt: skip


def test_an_answer_and_its_log_are_those_of_http(both: Any, client: Any, two: list[Row]) -> None:
    house, supervisor = both
    answer = client.infer("churn", tensors(two), request_id="call-9")
    with httpx2.Client(base_url=f"http://127.0.0.1:{supervisor.port}") as http:
        expected = http.post("/endpoints/churn/predict", json={"instances": two}).json()
    assert [one.decode() for one in answer.as_numpy("predictions")] == expected["predictions"]
    likely = [list(row.values()) for row in expected["probabilities"]]
    assert answer.as_numpy("probabilities").tolist() == likely
    assert answer.get_response().id == "call-9"
    logged = {row.id: row for row in house.logged()}
    ours = [logged[one.decode()] for one in answer.as_numpy("prediction_ids")]
    theirs = [logged[one] for one in expected["prediction_ids"]]
    for mine, other in zip(ours, theirs, strict=True):
        assert json.loads(mine.inputs) == json.loads(other.inputs)
        assert (mine.prediction, mine.probabilities) == (other.prediction, other.probabilities)
        assert (mine.version, mine.role, mine.request) == (1, "champion", "call-9")


def test_outputs_and_versions_can_be_chosen(client: Any, two: list[Row]) -> None:
    wanted = [triton.InferRequestedOutput("probabilities")]
    answer = client.infer("churn", tensors(two), outputs=wanted, model_version="2")
    response = answer.get_response()
    assert response.model_version == "2"
    assert [one.name for one in response.outputs] == ["probabilities"]


def test_typed_contents_are_read_too(both: Any, client: Any, a_row: Row) -> None:
    _, supervisor = both
    asked = service_pb2.ModelInferRequest(model_name="churn")
    fields = {"FP64": "fp64_contents", "INT64": "int64_contents", "BOOL": "bool_contents"}
    for name, (datatype, _) in TYPES.items():
        tensor = asked.inputs.add(name=name, datatype=datatype, shape=[1])
        value = a_row[name].encode() if datatype == "BYTES" else a_row[name]
        getattr(tensor.contents, fields.get(datatype, "bytes_contents")).append(value)
    with grpc.insecure_channel(f"127.0.0.1:{supervisor.grpc_port}") as channel:
        call = channel.unary_unary(
            "/inference.GRPCInferenceService/ModelInfer",
            request_serializer=service_pb2.ModelInferRequest.SerializeToString,
            response_deserializer=service_pb2.ModelInferResponse.FromString,
        )
        response = call(asked, timeout=30)
        likely = np.frombuffer(response.raw_output_contents[1]).tolist()
        assert (
            likely == client.infer("churn", tensors([a_row])).as_numpy("probabilities")[0].tolist()
        )
        for change, words in (
            ({"datatype": "FP16"}, "'age'"),
            ({"shape": [2]}, "'age'"),
        ):
            wrong = service_pb2.ModelInferRequest()
            wrong.CopyFrom(asked)
            wrong.inputs[0].MergeFrom(service_pb2.ModelInferRequest.InferInputTensor(**change))
            with pytest.raises(grpc.RpcError) as refused:
                call(wrong, timeout=30)
            assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
            assert words in refused.value.details()
        asked.raw_input_contents.append(b"x")
        with pytest.raises(grpc.RpcError) as refused:
            call(asked, timeout=30)
        assert "raw_input_contents" in refused.value.details()


def test_refusals_say_what_is_wrong(client: Any, two: list[Row]) -> None:
    with pytest.raises(InferenceServerException, match="no endpoint called 'chrun'") as refused:
        client.infer("chrun", tensors(two))
    assert "NOT_FOUND" in refused.value.status()
    assert "did you mean 'churn'" in refused.value.message()
    with pytest.raises(InferenceServerException, match="version 7 is not served"):
        client.infer("churn", tensors(two), model_version="7")
    with pytest.raises(InferenceServerException, match="'visits' is missing") as refused:
        client.infer("churn", tensors(two)[:1])
    assert "INVALID_ARGUMENT" in refused.value.status()
    with pytest.raises(InferenceServerException, match="no output 'x'"):
        client.infer("churn", tensors(two), outputs=[triton.InferRequestedOutput("x")])


def test_our_messages_are_tritons_messages() -> None:
    for name in (
        "ServerLiveRequest", "ServerLiveResponse", "ServerReadyRequest", "ServerReadyResponse",
        "ModelReadyRequest", "ModelReadyResponse", "ServerMetadataRequest",
        "ServerMetadataResponse", "ModelMetadataRequest", "ModelMetadataResponse",
        "ModelInferRequest", "ModelInferResponse", "InferParameter", "InferTensorContents",
    ):  # fmt: skip
        ours, theirs = message(name).DESCRIPTOR, getattr(service_pb2, name).DESCRIPTOR
        assert ours.full_name == theirs.full_name
        for field in ours.fields:
            other = theirs.fields_by_name[field.name]
            assert (field.number, field.type) == (other.number, other.type), (name, field.name)


def test_a_gateway_that_dies_comes_back(
    both: Any, client: Any, two: list[Row], until: Callable[..., None]
) -> None:
    house, supervisor = both
    before = client.infer("churn", tensors(two)).as_numpy("probabilities").tolist()
    gateways = [
        process
        for process in psutil.process_iter(["cmdline"])
        if {f"127.0.0.1:{supervisor.grpc_port}", "--listen"} <= set(process.info["cmdline"] or ())
    ]
    assert len(gateways) == 1
    os.kill(gateways[0].pid, signal.SIGKILL)

    def answers() -> bool:
        try:
            again = client.infer("churn", tensors(two))
        except InferenceServerException:
            return False
        return bool(again.as_numpy("probabilities").tolist() == before)

    until(answers)
    assert house.logs().count("the gRPC gateway ended") == 1


def test_what_cannot_start_is_refused_in_words(
    house: Any, both: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    control = house.home / "run" / "control.sock"
    taken = Supervisor(house.home, "127.0.0.1", 0, 1, control, grpc_port=both[1].grpc_port)
    with pytest.raises(BusyError, match=f"port {both[1].grpc_port} is taken"):
        taken.start()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError) as refused:
        Supervisor(house.home, "127.0.0.1", 0, 1, control, grpc_port=free_port()).start()
    assert "keepwell[grpc]" in refused.value.now
