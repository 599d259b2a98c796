"""OpenFeature's own SDK reads our flags, over HTTP."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

from keepwell.api.app import create_app
from keepwell.core.records import CohortRule, Flags, Route
from keepwell.deployment.routing import Split
from keepwell.plugins.openfeature import KeepwellProvider
from keepwell.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    (tmp_path / "keepwell.yaml").write_text("project: churn\ndata: {source: data.csv}\n")
    with Workspace.open(tmp_path) as made:
        made.endpoints.deploy("churn", "churn", 7, "first", key="customer")
        yield made


@pytest.fixture
def client(workspace: Workspace) -> Iterator[OpenFeatureClient]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(workspace), log_config=None, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    api.set_provider(KeepwellProvider(f"http://127.0.0.1:{listener.getsockname()[1]}"))
    yield api.get_client()
    api.shutdown()
    server.should_exit = True
    thread.join(10)
    listener.close()


def test_a_flag_tells_which_version_answers(
    client: OpenFeatureClient, workspace: Workspace
) -> None:
    details = client.get_integer_details("churn", 0)
    assert (details.value, details.variant, details.reason) == (7, "v7", Reason.STATIC)
    assert client.get_boolean_value("churn.enabled", False) is True
    rules = (CohortRule(when="country == 'DE'", version=9),)
    workspace.endpoints.switch("churn", Flags(rules=rules), "rules set")
    german = EvaluationContext("c1", {"country": "DE"})
    details = client.get_integer_details("churn", 0, german)
    assert (details.value, details.reason) == (9, Reason.TARGETING_MATCH)
    assert client.get_string_value("churn.role", "", german) == "rule"


def test_divided_traffic_is_told_as_the_workers_divide_it(
    client: OpenFeatureClient, workspace: Workspace
) -> None:
    routes = [Route(version=7, weight=50.0), Route(version=8, weight=50.0, role="challenger")]
    workspace.endpoints.set_routes("churn", routes)
    split = Split("churn", routes)
    for key in ("c1", "c2", "c3", "c4", "c5"):
        details = client.get_integer_details("churn", 0, EvaluationContext(key))
        assert (details.value, details.reason) == (routes[split.pick(key)].version, Reason.SPLIT)
    missing = client.get_integer_details("churn", -1)
    assert (missing.value, missing.error_code) == (-1, ErrorCode.TARGETING_KEY_MISSING)


def test_a_killed_endpoint_is_disabled(client: OpenFeatureClient, workspace: Workspace) -> None:
    workspace.switchboard.kill("churn", "complaints")
    details = client.get_boolean_details("churn.enabled", True)
    assert (details.value, details.reason) == (False, Reason.DISABLED)
    assert details.flag_metadata["why"] == "complaints"


def test_mistakes_end_in_the_default_and_say_why(client: OpenFeatureClient) -> None:
    unknown = client.get_integer_details("chrun", 3)
    assert (unknown.value, unknown.error_code) == (3, ErrorCode.FLAG_NOT_FOUND)
    assert "did you mean 'churn'" in str(unknown.error_message)
    wrong = client.get_string_details("churn", "x")
    assert (wrong.value, wrong.error_code) == ("x", ErrorCode.TYPE_MISMATCH)
    api.set_provider(KeepwellProvider("http://127.0.0.1:9", timeout=0.2))
    away = api.get_client().get_integer_details("churn", 3)
    assert (away.value, away.error_code) == (3, ErrorCode.GENERAL)
