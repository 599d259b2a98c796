"""Whatever our own OpenAPI document allows can be sent: nothing breaks, and refusals are in words."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from console_customers import NAME
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from live_world import A_CUSTOMER, Live, front, live
from starlette.testclient import TestClient

EXAMPLES = 6
HOME = "http://127.0.0.1:4400"


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    made = live(tmp_path_factory.mktemp("fuzzed") / "churn", time.time())
    made.predict(A_CUSTOMER)
    yield made
    made.workspace.close()


def operations(client: TestClient) -> Any:
    import schemathesis

    document: Any = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    return [item.ok() for item in document.get_all_operations()]


def send(client: TestClient, case: Any) -> Any:
    asked = case.as_transport_kwargs(base_url=HOME)
    content = asked.get("data")
    return client.request(
        asked["method"],
        asked["url"],
        params=asked.get("params"),
        headers={name: str(value) for name, value in (asked.get("headers") or {}).items()},
        **({"json": asked["json"]} if "json" in asked else {"content": content}),
    )


def fuzz(client: TestClient, operation: Any) -> None:
    @given(case=operation.as_strategy(), known=st.booleans())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def holds(case: Any, known: bool) -> None:
        if known and "endpoint" in (case.path_parameters or {}):
            case.path_parameters["endpoint"] = NAME
        answer = send(client, case)
        assert answer.status_code < 500 or answer.status_code == 503, (case, answer.text)
        if answer.status_code >= 400:
            said = answer.json()
            assert {"what", "status", "errorCode"} & said.keys(), (
                answer.text
            )  # OpenFeature's own form

    holds()


@pytest.mark.timeout(280)
def test_nothing_that_the_document_allows_breaks_anything(company: Live) -> None:
    client = TestClient(front(company), base_url=HOME, raise_server_exceptions=False)
    seen = set()
    for operation in operations(client):
        seen.add((operation.method.upper(), operation.path))
        fuzz(client, operation)
    assert ("POST", "/v2/models/{endpoint}/infer") in seen
    assert ("POST", "/endpoints/{endpoint}/explain") in seen
    assert len(seen) > 40
    assert company.predict(A_CUSTOMER)["predictions"]
