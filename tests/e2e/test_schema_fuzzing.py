"""What our OpenAPI document allows, sent by schemathesis to the real port of a running `keepwell up`."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from outside import Served

schemathesis = pytest.importorskip("schemathesis")

EXAMPLES = 2
ROW = {"tenure": 2, "plan": "monthly", "charges": 95.5}


def fuzz(server: Served, operation: Any) -> None:
    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def holds(case: Any) -> None:
        if "endpoint" in (case.path_parameters or {}):
            case.path_parameters["endpoint"] = "shop"
        answer = case.call(base_url=server.url, timeout=20)
        assert answer.status_code < 500 or answer.status_code == 503, (case, answer.text)
        if answer.status_code >= 400:
            said = json.loads(answer.content)
            assert {"what", "status", "errorCode", "error"} & said.keys(), answer.text

    holds()


@pytest.mark.timeout(180)
def test_nothing_that_the_document_allows_breaks_a_running_server(served: Served) -> None:
    workers = served.http.get("/readyz").json()
    document = schemathesis.openapi.from_dict(served.http.get("/openapi.json").json())
    count = 0
    for found in document.get_all_operations():
        operation = found.ok()
        if operation.path.endswith(("/events/stream", "/stream")):
            continue  # it goes on for ever
        fuzz(served, operation)
        count += 1
    assert count > 40
    assert served.http.get("/readyz").json() == workers
    answer = served.http.post("/endpoints/shop/predict", json={"instances": [ROW]})
    assert answer.status_code in (200, 503), answer.text  # 503: switched off by what was sent
    assert served.process.poll() is None
