"""The edge bundle: a process that has nothing but NumPy and onnxruntime answers as the server does."""

import http.server
import json
import math
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.errors import InvalidRequestError
from keepwell.core.records import (
    LEARNABLE,
    Bundle,
    BundleFile,
    ColumnType,
    Field,
    ModelVersion,
    Signature,
    Task,
)
from keepwell.deployment.scoring import load_scorer
from keepwell.deployment.targets import Exportable, Exported, export
from keepwell.features import Decoder

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from keepwell.deployment.onnx import build_onnx_files
from keepwell.deployment.targets.edge import scorer as shipped

ALONE = """
import importlib.abc, socket, sys
class Only(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names | {"numpy", "onnxruntime", "keepwell_edge"}:
            raise ImportError(f"{name} is not on the device")
sys.meta_path.insert(0, Only())
def refuse(*_): raise OSError("there is no network")
socket.socket.connect = refuse
sys.path.insert(0, sys.argv[1])
import keepwell_edge
assert not [name for name in sys.modules if name.startswith(("keepwell.", "pandas", "sklearn"))]
keepwell_edge.__file__ = sys.argv[1] + "/keepwell_edge.py"
sys.exit(keepwell_edge.main(sys.argv[2:]))
"""


def exportable_of(made: Any, rows: Any = None) -> Exportable:
    files = tuple(
        BundleFile(name=name, digest="", size=len(data)) for name, data in made.files.items()
    )
    version = ModelVersion(
        model="churn",
        version=3,
        run="r",
        bundle=Bundle(files=files),
        signature=made.signature,
        metric="m",
    )
    return Exportable(
        version=version,
        endpoint="churn",
        read=made.files.__getitem__,
        rows=lambda most: None if rows is None else rows.slice(0, most),
    )


@pytest.fixture(scope="module")
def bundle(
    tmp_path_factory: pytest.TempPathFactory, model_of: Callable[..., Any]
) -> tuple[Path, Exported, Any]:
    made = model_of()
    folder = tmp_path_factory.mktemp("edge") / "bundle"
    return folder, export("edge", exportable_of(made, made.table), folder), made


@pytest.fixture
def device(bundle: tuple[Path, Exported, Any], tmp_path: Path) -> Path:
    """Return a copy of the bundle with an empty queue."""
    return Path(shutil.copytree(bundle[0], tmp_path / "device"))


def alone(folder: Path, *words: str, given: str = "") -> Any:
    """Run the bundle's scorer in a process that can import nothing else, without a network."""
    ended = subprocess.run(
        [sys.executable, "-I", "-c", ALONE, str(folder), *words],
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def instances(made: Any, rows: int) -> list[dict[str, Any]]:
    return [
        {k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in row.items()}
        for row in made.table.slice(0, rows).to_pylist()
    ]


def test_rows_that_are_no_json_lines_are_told_so(device: Path, tmp_path: Path) -> None:
    table = tmp_path / "rows.csv"
    table.write_text("b,age\nx,3\n")
    ended = subprocess.run(
        [sys.executable, str(device / "keepwell_edge.py"), "predict", str(table)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "rows.csv: each line must be one row, a JSON object" in ended.stderr


def test_a_bare_process_without_a_network_answers_as_the_server_does(
    bundle: tuple[Path, Exported, Any], device: Path
) -> None:
    made = bundle[2]
    rows = instances(made, 50)
    server = load_scorer(made.files.__getitem__, made.signature).rows(rows)
    said = alone(device, "predict", "-", given="\n".join(map(json.dumps, rows)))
    assert said["predictions"] == server.predictions
    assert server.probabilities is not None
    mine = [list(one.values()) for one in said["probabilities"]]
    np.testing.assert_allclose(mine, server.probabilities, atol=1e-12)
    assert alone(device, "status") == {"model": "churn", "version": 3, "waiting": 50, "lost": 0}
    tested = alone(device, "selftest")
    assert tested["passed"]
    assert tested["rows"] > 30


def test_the_export_tells_what_it_measured(bundle: tuple[Path, Exported, Any]) -> None:
    figures = bundle[1].figures
    assert bundle[1].parity is not None
    assert bundle[1].parity.largest_difference < 1e-12
    assert figures["rows_compared"] == 400
    assert figures["labels_changed"] == 0
    for name in ("row_us", "server_row_us", "model_bytes"):
        assert float(figures[name] or 0) > 0
    assert figures["quantized"] == "no"


def test_the_same_export_gives_the_same_bytes(
    bundle: tuple[Path, Exported, Any], tmp_path: Path
) -> None:
    made = bundle[2]
    again = export("edge", exportable_of(made, made.table), tmp_path / "again")
    digests = {file.name: file.digest for file in again.files}
    assert digests == {file.name: file.digest for file in bundle[1].files}


def test_rows_are_made_up_where_the_training_data_is_gone(
    model_of: Callable[..., Any], tmp_path: Path
) -> None:
    made = model_of(Task.REGRESSION)
    told = export("edge", exportable_of(made), tmp_path / "out", {"zip": "yes", "quantize": "int8"})
    assert any("made up from their profile" in note for note in told.notes)
    assert any("int8 was asked for and changes nothing" in note for note in told.notes)
    with zipfile.ZipFile(tmp_path / "out" / "edge.zip") as archive:
        archive.extractall(tmp_path / "device")
    assert shipped.Edge(tmp_path / "device").selftest()["passed"]


@dataclass(frozen=True, kw_only=True)
class Network:
    """A version that came as ONNX: one matrix in, two scores out."""

    signature: Signature
    table: pa.Table
    files: dict[str, bytes]


@pytest.fixture(scope="module")
def network() -> Network:
    from onnx import TensorProto, helper

    random = np.random.default_rng(0)
    shapes = {"w1": (4, 64), "w2": (64, 2)}
    weights = [
        helper.make_tensor(
            name, TensorProto.FLOAT, shape, random.normal(0, 0.5, shape).astype(np.float32).ravel()
        )
        for name, shape in shapes.items()
    ]
    nodes = [
        helper.make_node("MatMul", ["rows", "w1"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("MatMul", ["b", "w2"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, 4])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, 2])],
        weights,
    )
    data = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10
    ).SerializeToString()
    signature = Signature(
        task=Task.BINARY,
        target="kind",
        inputs=tuple(Field(name=name, type=ColumnType.NUMBER, required=True) for name in "abcd"),
        classes=("down", "up"),
    )
    table = pa.table({name: random.normal(size=300) for name in "abcd"})
    files, _ = build_onnx_files(data, signature, table)
    scorer = load_scorer(files.__getitem__, signature)
    answers = scorer.batch(table).predictions
    table = table.append_column("kind", pa.array(answers))
    return Network(signature=signature, table=table, files=files)


def test_a_model_from_elsewhere_goes_to_a_device_as_it_came(
    network: Network, tmp_path: Path
) -> None:
    told = export("edge", exportable_of(network, network.table), tmp_path / "device")
    assert told.figures["largest_difference"] == 0.0
    assert told.figures["accuracy_loss"] == 0.0
    edge = shipped.Edge(tmp_path / "device")
    scores = edge.scores(network.table.select(list("abcd")).to_pylist())
    expected = load_scorer(network.files.__getitem__, network.signature).batch(network.table)
    assert expected.probabilities is not None
    np.testing.assert_array_equal(scores, expected.probabilities)
    with pytest.raises(shipped.RefusedError, match="column 'b' is missing in instance 0"):
        edge.predict([{"a": 1.0}])


def test_eight_bits_are_smaller_and_their_loss_is_told(network: Network, tmp_path: Path) -> None:
    whole = export("edge", exportable_of(network, network.table), tmp_path / "whole")
    small = export(
        "edge", exportable_of(network, network.table), tmp_path / "small", {"quantize": "int8"}
    )
    assert small.figures["quantized"] == "int8"
    assert 0 < float(small.figures["largest_difference"] or 0) < 0.2
    assert float(small.figures["accuracy_loss"] or 0) >= 0
    assert small.figures["server_accuracy"] == 1.0
    assert int(small.figures["model_bytes"] or 0) != int(whole.figures["model_bytes"] or 0)
    assert small.parity == whole.parity  # of the exact form: it is what the version has
    assert shipped.Edge(tmp_path / "small").selftest()["passed"]


def test_a_changed_model_is_refused(device: Path) -> None:
    data = (device / "model.onnx").read_bytes()
    (device / "model.onnx").write_bytes(data[:-1] + b"!")
    with pytest.raises(shipped.RefusedError, match="not the file"):
        shipped.Edge(device)


def test_a_selftest_that_fails_says_so(device: Path) -> None:
    vectors = json.loads((device / "vectors.json").read_text())
    vectors["expected"][0][0] += 0.1
    (device / "vectors.json").write_text(json.dumps(vectors))
    result = shipped.Edge(device).selftest()
    assert not result["passed"]
    assert result["largest_difference"] == pytest.approx(0.1, abs=1e-9)


class Hub(http.server.BaseHTTPRequestHandler):
    """Takes predictions; fails once where it is told to, after it has taken them."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        server: Any = self.server
        fresh = [one for one in body["predictions"] if one["id"] not in server.kept]
        server.kept.update({one["id"]: one for one in fresh})
        server.paths.append(self.path)
        if server.fail:
            server.fail = False
            self.send_error(502)
            return
        duplicate = len(body["predictions"]) - len(fresh)
        answer = json.dumps({"accepted": len(fresh), "duplicate": duplicate}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.fixture
def hub() -> Iterator[Any]:
    server: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.kept, server.paths, server.fail = {}, [], False
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_waited_is_sent_once_whatever_breaks(
    device: Path, hub: Any, monkeypatch: pytest.MonkeyPatch, a_row: dict[str, Any]
) -> None:
    monkeypatch.setattr(shipped, "AT_ONCE", 2)
    edge = shipped.Edge(device)
    url = f"http://127.0.0.1:{hub.server_port}"
    edge.predict([a_row])
    with pytest.raises(shipped.RefusedError, match="cannot be reached"):
        edge.sync("http://127.0.0.1:9")
    ids = edge.predict([{**a_row, "customer": 7}] * 4, key="customer")["prediction_ids"]
    with (device / "queue" / "waiting.jsonl").open("ab") as file:
        file.write(b'{"id": "to')  # the power went
    edge.predict([a_row])
    hub.fail = True
    with pytest.raises(shipped.RefusedError, match="502"):
        edge.sync(url)
    assert edge.sync(url) == {"sent": 6, "accepted": 4, "duplicate": 2, "refused": 0}
    assert len(hub.kept) == 6
    assert hub.kept[ids[0]]["key"] == "7"
    assert "customer" not in hub.kept[ids[0]]["inputs"]
    assert set(hub.paths) == {"/endpoints/churn/import"}
    assert edge.waiting() == {"waiting": 0, "lost": 0}
    assert edge.sync(url) == {"sent": 0, "accepted": 0, "duplicate": 0, "refused": 0}


def test_a_full_queue_counts_what_it_cannot_keep(device: Path, a_row: dict[str, Any]) -> None:
    edge = shipped.Edge(device, limit=1000)
    for _ in range(5):
        assert edge.predict([a_row])["predictions"]
    waiting = edge.waiting()
    assert waiting["waiting"] + waiting["lost"] == 5
    assert waiting["lost"] > 0


KINDS = [kind for kind in LEARNABLE if kind is not ColumnType.IMAGE]  # pictures have no ONNX form
LABELS = st.sampled_from([(), ("a", "b"), ("1", "2"), ("true", "false"), ("1.5", "x")])
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(
        ["", "a", "1", "true", "2020-02-29", "2020-02-29T12:00:00+02:00", "0001-01-01"]
    ),
    st.just([1]),
    st.just(10**400),
)


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(KINDS), labels=LABELS, required=st.booleans(), value=VALUES)
def test_values_mean_what_they_mean_to_the_server(
    kind: ColumnType, labels: tuple[str, ...], required: bool, value: Any
) -> None:
    if kind is ColumnType.IDENTIFIER:
        return
    field = Field(name="x", type=kind, required=required, categories=labels)
    ours = {"name": "x", "type": kind.value, "required": required, "categories": list(labels)}
    signature = Signature(task=Task.REGRESSION, target="y", inputs=(field,))
    try:
        expected = Decoder(signature).rows([{"x": value}]).columns[0][0]
    except InvalidRequestError:
        with pytest.raises(shipped.RefusedError):
            shipped._decode({"x": value}, ours, shipped._cell_of(ours), 0)
        return
    said = shipped._decode({"x": value}, ours, shipped._cell_of(ours), 0)
    if isinstance(expected, float) and math.isnan(expected):
        assert math.isnan(said)
    else:
        assert said == ("" if expected is None else expected)
