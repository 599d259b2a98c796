"""Every door asks for a token where one is required, and refuses in the words of its protocol."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keepwell.core.records import BundleFile, Route, Token
from keepwell.deployment.labels import Labels
from keepwell.deployment.routing import Split
from keepwell.deployment.scoring import load_scorer
from keepwell.deployment.server.admission.access import Access
from keepwell.deployment.server.application import Application
from keepwell.deployment.server.heartbeat import Counters
from keepwell.deployment.server.messages import Request, Response
from keepwell.deployment.server.prediction import Predictor
from keepwell.deployment.server.proxy import Proxy
from keepwell.deployment.server.snapshot import LiveEndpoint, LiveRoute, Snapshot
from keepwell.governance.tokens import digest_of
from keepwell.infrastructure.segments import SegmentWriter

TOKEN = Token(id="01abc", name="shop", digest=digest_of("s3cret"), scopes=("predict",))


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
    endpoint = LiveEndpoint(name="churn", model="churn", key="", routes=(route,), split=split)
    predictor = Predictor(SegmentWriter(tmp_path_factory.mktemp("log"), "test"), Counters())
    snapshot = Snapshot(generation=1, endpoints={"churn": endpoint})
    predictor.snapshot = replace(snapshot, access=Access([TOKEN], required=True))
    return Application(predictor, Proxy(Path("nowhere"), asyncio.Event()))


def ask(application: Application, method: str, path: str, token: str = "", **more: Any) -> Response:
    headers = {b"x-api-key": token.encode()} if token else {}
    request = Request(method=method, path=path, headers=headers, **more)
    found = application.door(path)
    assert found is not None
    return asyncio.run(application.answer(*found, request))


ASKING = {
    "predict": ("POST", "/endpoints/churn/predict", "what"),
    "predict.csv": ("GET", "/endpoints/churn/predict.csv", "what"),
    "invocations": ("POST", "/endpoints/churn/invocations", "message"),
    "schema": ("GET", "/endpoints/churn/schema", "what"),
    "metadata": ("GET", "/v2/models/churn", "error"),
    "infer": ("POST", "/v2/models/churn/infer", "error"),
}


@pytest.mark.parametrize("name", ASKING)
def test_a_door_is_shut_without_a_token(application: Application, name: str) -> None:
    method, path, word = ASKING[name]
    answer = ask(application, method, path)
    assert answer.status == 401
    assert (b"www-authenticate", b"Bearer") in answer.headers
    assert "answers only those who show a token" in json.loads(answer.body)[word]
    assert ask(application, method, path, "kw_01abc_s3cret").status in (200, 400, 422)


@pytest.mark.parametrize(
    "path", ["/endpoints/churn/ping", "/endpoints/churn/version", "/v2", "/v2/health/ready"]
)
def test_health_is_told_to_everybody(application: Application, path: str) -> None:
    assert ask(application, "GET", path).status == 200


def test_what_is_answered_next_door_needs_its_scope(application: Application) -> None:
    for verb in ("explain", "feedback"):
        path = f"/endpoints/churn/{verb}"
        for token, status in (("", 401), ("kw_01abc_s3cret", 403)):
            headers = {b"x-api-key": token.encode()} if token else {}
            refusal = application.refuse_next_door(Request(path=path, headers=headers))
            assert refusal is not None
            assert refusal.status == status
    assert application.refuse_next_door(Request(path="/runs")) is None
