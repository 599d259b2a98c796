"""ONNX models from anywhere: what is fed, what is read, what is refused."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from keepwell.core.errors import (
    FormatError,
    InvalidDataError,
    InvalidRequestError,
    MissingExtraError,
)
from keepwell.core.records import ColumnType, Field, Proof, Signature, Task
from keepwell.deployment.scoring import load_scorer
from keepwell.deployment.server.routes import read_routes
from keepwell.deployment.server.snapshot import Snapshot, load_snapshot
from keepwell.infrastructure.blobs import open_blobs

pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
pytest.importorskip("onnxruntime", reason="the extra 'onnx' is not installed")

from onnx import TensorProto, helper

from keepwell.deployment.onnx import OnnxModel, build_onnx_files, to_onnx
from keepwell.deployment.onnx.answering import needed_activation
from keepwell.deployment.onnx.reading import describe, parse


def signature(names: str, task: Task = Task.REGRESSION, **options: Any) -> Signature:
    kind = options.pop("kind", ColumnType.NUMBER)
    return Signature(
        task=task,
        target="t",
        inputs=tuple(Field(name=name, type=kind) for name in names.split(",")),
        **options,
    )


def graph(
    nodes: list[Any], inputs: list[Any], outputs: list[Any], constants: tuple[Any, ...] = ()
) -> bytes:
    made = helper.make_graph(nodes, "g", inputs, outputs, list(constants))
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    data: bytes = helper.make_model(made, opset_imports=opsets, ir_version=10).SerializeToString()
    return data


def value(name: str, kind: int, *shape: Any) -> Any:
    return helper.make_tensor_value_info(name, kind, list(shape))


FLOAT, INT, STRING = TensorProto.FLOAT, TensorProto.INT64, TensorProto.STRING


def total(rows: Any = None, width: Any = 2, kind: int = FLOAT) -> bytes:
    """Return a model of one matrix that adds its columns."""
    axes = helper.make_tensor("axes", INT, [1], [1])
    return graph(
        [helper.make_node("ReduceSum", ["rows", "axes"], ["sum"], keepdims=1)],
        [value("rows", kind, rows, width)],
        [value("sum", kind, rows, 1)],
        (axes,),
    )


def difference() -> bytes:
    """Return a model of two columns, by name, whose order matters."""
    return graph(
        [helper.make_node("Sub", ["big_one", "small"], ["d"])],
        [value("big_one", FLOAT, None, 1), value("small", FLOAT, None)],
        [value("d", FLOAT, None, 1)],
    )


def columns(*values: list[float]) -> list[Any]:
    return [np.array(column, dtype=np.float64) for column in values]


@pytest.mark.parametrize("width", [2, None])
@pytest.mark.parametrize("rows", [None, 1])
def test_a_matrix_takes_all_columns_in_their_order(width: int | None, rows: int | None) -> None:
    model = OnnxModel(total(rows, width), signature("a,b"))
    assert model.batch(columns([1, 2, 3], [10, 20, 30])).tolist() == [[11], [22], [33]]
    assert model.row([1.0, 5.0]) == [6.0]


def test_columns_go_to_inputs_by_name_however_it_is_spelt() -> None:
    model = OnnxModel(difference(), signature("small,big one"))
    given = columns([1], [10])
    assert model.row([1.0, 10.0]) == [9.0]
    assert given[0].tolist() == [1.0]


@pytest.mark.parametrize(
    ("data", "names", "told"),
    [
        (total(width=3), "a,b", "a matrix of 3 columns, the rows have 2"),
        (total(rows=8), "a,b", "exactly 8 rows at a time"),
        (difference(), "small,large", "takes an input 'big_one'"),
        (b"not a model", "a", "not an ONNX model|cannot run"),
        (
            graph(
                [helper.make_node("Identity", ["x"], ["y"])],
                [value("x", FLOAT, None, 2, 2)],
                [value("y", FLOAT, None, 2, 2)],
            ),
            "x",
            "3 dimensions",
        ),
        (
            graph(
                [helper.make_node("Nonsense", ["x"], ["y"])],
                [value("x", FLOAT, None, 1)],
                [value("y", FLOAT, None, 1)],
            ),
            "x",
            "onnxruntime cannot run the model",
        ),
    ],
    ids=["width", "rows", "names", "bytes", "cube", "operator"],
)
def test_what_does_not_fit_is_named(data: bytes, names: str, told: str) -> None:
    with pytest.raises(InvalidDataError, match=told):
        OnnxModel(data, signature(names))


def test_text_has_no_place_among_numbers() -> None:
    with pytest.raises(InvalidDataError, match="column 'a' holds text"):
        OnnxModel(total(), signature("a,b", kind=ColumnType.CATEGORY))


def test_whole_numbers_cannot_be_missing() -> None:
    model = OnnxModel(total(kind=INT), signature("a,b"))
    assert model.row([1.0, 2.0]) == [3.0]
    with pytest.raises(InvalidRequestError, match="column 'b' is missing in instance 1"):
        model.batch(columns([1, 2], [3, np.nan]))


def test_gaps_among_labels_are_empty_strings() -> None:
    data = graph(
        [
            helper.make_node(
                "LabelEncoder",
                ["word"],
                ["code"],
                domain="ai.onnx.ml",
                keys_strings=["", "7", "x"],
                values_floats=[1.0, 2.0, 3.0],
                default_float=-1.0,
            )
        ],
        [value("word", STRING, None, 1)],
        [value("code", FLOAT, None, 1)],
    )
    words = OnnxModel(data, signature("word", kind=ColumnType.CATEGORY))
    assert [words.row([one]) for one in (None, "x", "new")] == [[1.0], [3.0], [-1.0]]
    numbers = OnnxModel(data, signature("word"))
    assert [numbers.row([one]) for one in (7.0, np.nan)] == [[2.0], [1.0]]


def test_labels_alone_are_certain() -> None:
    data = graph(
        [helper.make_node("Cast", ["x"], ["label"], to=INT)],
        [value("x", FLOAT, None, 1)],
        [value("label", INT, None, 1)],
    )
    numbered = signature("x", Task.MULTICLASS, classes=(2, 0, 1))
    assert OnnxModel(data, numbered).row([0.0]) == [0.0, 1.0, 0.0]
    coded = signature("x", Task.BINARY, classes=("no", "yes"))
    assert OnnxModel(data, coded).row([1.0]) == [0.0, 1.0]
    with pytest.raises(InvalidDataError, match="a class that it was not registered with: 5"):
        OnnxModel(data, coded).row([5.0])
    assert describe(data, ["id", "x"]).labels
    assert describe(data, ["id", "x"]).columns == ("x",)


def test_scores_become_probabilities() -> None:
    pair = signature("a,b", Task.BINARY, classes=("no", "yes"))
    assert OnnxModel(total(), pair, "sigmoid").row([0.0, 0.0]) == [0.5, 0.5]
    scores = graph(
        [helper.make_node("Identity", ["rows"], ["scores"])],
        [value("rows", FLOAT, None, 2)],
        [value("scores", FLOAT, None, 2)],
    )
    assert OnnxModel(scores, pair, "softmax").row([1e4, -1e4]) == [1.0, 0.0]
    assert needed_activation(np.array([[0.25, 0.75]])) == ""
    assert needed_activation(np.array([[0.5, 0.75]])) == "softmax"
    assert needed_activation(np.array([[0.5], [1.5]])) == "sigmoid"


def test_weights_outside_the_file_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = helper.make_tensor("w", FLOAT, [2, 1], [1.0, 2.0])
    data = graph(
        [helper.make_node("MatMul", ["rows", "w"], ["y"])],
        [value("rows", FLOAT, None, 2)],
        [value("y", FLOAT, None, 1)],
        (weights,),
    )
    import onnx

    model = onnx.load_model_from_string(data)
    tensor = model.graph.initializer[0]
    tensor.ClearField("float_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="secret.bin")
    outside = model.SerializeToString()
    monkeypatch.chdir(tmp_path)
    Path("secret.bin").write_bytes(np.array([1.0, 2.0], dtype=np.float32).tobytes())
    rows = pa.table({"a": [1.0], "b": [2.0]})
    with pytest.raises(InvalidDataError, match=r"'w' lie outside of it, in 'secret\.bin'"):
        build_onnx_files(outside, signature("a,b"), rows)
    # Even a bundle that was never looked at reads nothing from the present folder.
    with pytest.raises(InvalidDataError, match="cannot run the model"):
        OnnxModel(outside, signature("a,b"))
    inside = graph(
        [
            helper.make_node("Constant", [], ["c"], value=tensor),
            helper.make_node("Add", ["x", "c"], ["y"]),
        ],
        [value("x", FLOAT, None, 1)],
        [value("y", FLOAT, None, 1)],
    )
    with pytest.raises(InvalidDataError, match="lie outside of it"):
        parse(inside)


@pytest.mark.parametrize("package", ["onnxruntime", "onnx"])
def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    data = total()
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'keepwell\[onnx\]'"):
        OnnxModel(data, signature("a,b")) if package == "onnxruntime" else parse(data)


def test_a_newer_kind_of_program_is_refused() -> None:
    files = {"scorer.json": b'{"format": 1, "runs": "model.wasm"}'}
    with pytest.raises(FormatError, match=r"model\.wasm"):
        load_scorer(files.__getitem__, signature("a"))


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """A version that is ONNX."""

    signature: Signature
    files: dict[str, bytes]
    proof: Proof


def test_a_worker_serves_it_beside_the_others(
    house: Any, model_of: Callable[..., Any], a_row: dict[str, Any]
) -> None:
    made = model_of()
    files, proof = build_onnx_files(
        to_onnx(made.pipeline, made.signature), made.signature, made.table
    )
    house.register("churn", 1, made)
    house.register("churn", 2, Foreign(signature=made.signature, files=files, proof=proof))
    house.route("churn", {1: 50.0, 2: 50.0})
    read = open_blobs(house.blobs).read
    snapshot = load_snapshot(read_routes(house.home), Snapshot(), read)
    assert snapshot.problems == ()
    compiled, foreign = snapshot.endpoints["churn"].routes
    ours, theirs = compiled.scorer.rows([a_row]), foreign.scorer.rows([a_row])
    assert ours.predictions == theirs.predictions
    assert ours.probabilities is not None
    assert theirs.probabilities is not None
    np.testing.assert_allclose(ours.probabilities, theirs.probabilities, atol=1e-12)
