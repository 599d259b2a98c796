"""Whatever is sent to any door: a refusal in words or an answer, never a fault."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keepwell.core.records import BundleFile, Route
from keepwell.deployment.labels import Labels
from keepwell.deployment.routing import Split
from keepwell.deployment.scoring import load_scorer
from keepwell.deployment.server.application import Application
from keepwell.deployment.server.heartbeat import Counters
from keepwell.deployment.server.inference_protocol.tensors import BYTES, NUMBERS
from keepwell.deployment.server.messages import Request
from keepwell.deployment.server.prediction import Predictor
from keepwell.deployment.server.proxy import Proxy
from keepwell.deployment.server.snapshot import LiveEndpoint, LiveRoute, Snapshot
from keepwell.infrastructure.segments import SegmentWriter

QUIET = settings(
    max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
NAMES = st.sampled_from(["age", "visits", "member", "colour", "since", "note", "x", ""])
CELLS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
LISTS = st.lists(CELLS, max_size=4)
ANY = st.recursive(
    CELLS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4)
)
TABLES = st.fixed_dictionaries(
    {
        "columns": st.lists(NAMES, max_size=3) | ANY,
        "data": st.lists(LISTS, max_size=3) | ANY,
    }
)
RECORDS = st.lists(st.dictionaries(NAMES, CELLS), max_size=3)
COLUMNS = st.dictionaries(NAMES, LISTS, max_size=3)
FORMS = st.one_of(
    st.fixed_dictionaries({"dataframe_split": TABLES}),
    st.fixed_dictionaries({"dataframe_records": RECORDS | ANY}),
    st.fixed_dictionaries({"instances": st.lists(LISTS, max_size=3) | ANY}),
    st.fixed_dictionaries({"inputs": COLUMNS | ANY, "params": ANY}),
)
TENSORS = st.fixed_dictionaries(
    {
        "name": NAMES | ANY,
        "datatype": st.sampled_from([*NUMBERS, BYTES]) | ANY,
        "shape": st.lists(st.integers(-1, 4), max_size=3) | ANY,
    },
    optional={
        "data": LISTS | ANY,
        "parameters": st.fixed_dictionaries({"binary_data_size": st.integers(-1, 40) | ANY}) | ANY,
    },
)
INFERENCES = st.fixed_dictionaries(
    {"inputs": st.lists(TENSORS, max_size=3) | ANY},
    optional={
        "id": st.text(max_size=4) | ANY,
        "outputs": st.lists(
            st.fixed_dictionaries(
                {"name": st.sampled_from(["predictions", "prediction_ids", "x"])}
            ),
            max_size=3,
        )
        | ANY,
        "parameters": ANY,
    },
)


@pytest.fixture(scope="module")
def application(
    tmp_path_factory: pytest.TempPathFactory, model_of: Callable[..., Any]
) -> Application:
    made = model_of()
    route = LiveRoute(
        version=1,
        role="champion",
        scorer=load_scorer(made.files.__getitem__, made.signature),
        labels=Labels(made.signature),
        files=(BundleFile(name="x", digest="x", size=1),),
    )
    split = Split("churn", [Route(version=1, weight=100)])
    endpoint = LiveEndpoint(name="churn", model="churn", key="k", routes=(route,), split=split)
    predictor = Predictor(SegmentWriter(tmp_path_factory.mktemp("log"), "test"), Counters())
    predictor.snapshot = Snapshot(generation=1, endpoints={"churn": endpoint})
    return Application(predictor, Proxy(Path("nowhere"), asyncio.Event()))


def ask(
    application: Application, path: str, body: bytes, method: str = "POST", **more: Any
) -> None:
    headers = {
        name.replace("_", "-").encode(): value for name, value in more.pop("headers", {}).items()
    }
    request = Request(method=method, path=path, body=body, headers=headers, **more)
    found = application.door(path)
    assert found is not None
    answer = asyncio.run(application.answer(*found, request))
    assert answer.status in (200, 400, 404, 405, 413, 415, 422), answer.body
    if answer.status != 200:
        assert json.loads(answer.body)["what"]


@given(document=FORMS | ANY)
@QUIET
def test_no_invocation_breaks_the_worker(application: Application, document: Any) -> None:
    for body in (msgspec.json.encode(document), json.dumps(document).encode()):
        ask(application, "/endpoints/churn/invocations", body)


@given(document=INFERENCES | ANY, tail=st.binary(max_size=40), off=st.integers(-3, 3))
@QUIET
def test_no_inference_breaks_the_worker(
    application: Application, document: Any, tail: bytes, off: int
) -> None:
    path, head = "/v2/models/churn/infer", json.dumps(document).encode()
    ask(application, path, head)
    length = b"%d" % (len(head) + (off if off > 1 else 0))
    ask(application, path, head + tail, headers={"inference_header_content_length": length})


@given(
    tail=st.binary(max_size=60), datatype=st.sampled_from([*NUMBERS, BYTES]), rows=st.integers(0, 3)
)
@QUIET
def test_no_bytes_break_the_worker(
    application: Application, tail: bytes, datatype: str, rows: int
) -> None:
    tensor: dict[str, Any] = {"name": "visits", "datatype": datatype, "shape": [rows]}
    tensor["parameters"] = {"binary_data_size": len(tail)}
    head = json.dumps({"inputs": [tensor]}).encode()
    length = b"%d" % len(head)
    ask(
        application,
        "/v2/models/churn/infer",
        head + tail,
        headers={"inference_header_content_length": length},
    )


@given(
    text=st.text(max_size=60)
    | st.lists(st.lists(st.text(max_size=6), max_size=4), max_size=4).map(
        lambda rows: "\n".join(",".join(row) for row in rows)
    )
)
@QUIET
def test_no_csv_breaks_the_worker(application: Application, text: str) -> None:
    body = text.encode("utf-8", "surrogatepass")
    for door in ("predict", "invocations"):
        ask(application, f"/endpoints/churn/{door}", body, headers={"content_type": b"text/csv"})


@given(cells=st.dictionaries(NAMES, st.text(max_size=8)), raw=st.binary(max_size=20))
@QUIET
def test_no_address_breaks_the_worker(
    application: Application, cells: dict[str, str], raw: bytes
) -> None:
    path = "/endpoints/churn/predict.csv"
    query = urlencode(cells, errors="surrogatepass").encode()
    ask(application, path, b"", "GET", query=query)
    ask(application, path, b"", "GET", query=raw)


@given(path=st.text(max_size=30), method=st.sampled_from(["GET", "POST", "PUT"]))
@QUIET
def test_no_path_breaks_the_worker(application: Application, path: str, method: str) -> None:
    ask(application, f"/v2/{path}", b"{}", method)
    ask(application, f"/v2/models/churn/versions/{path}", b"{}", method)
