"""Nobody acts in a visitor's name."""

import pytest
from console_world import Told
from starlette.testclient import TestClient

from keepwell.api.app import create_app
from keepwell.api.security import Guard

FEEDBACK = "/endpoints/churn/feedback"


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:4400", "localhost", "LOCALHOST:9", "[::1]:4400", "churn.localhost", "127.8.8.8"],
)
def test_loopback_names_are_served(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "10.0.0.7", "localhost.evil.example", "", "[bad"])
def test_other_names_are_refused_because_of_rebinding(client: TestClient, host: str) -> None:
    answer = client.get("/healthz", headers={"host": host})
    assert answer.status_code == 421
    assert answer.json()["what"] == f"the request is for the host '{host}'"


@pytest.mark.parametrize(
    ("bound", "host", "served"),
    [
        ("models.example", "models.example:4400", True),
        ("models.example", "other.example", False),
        ("0.0.0.0", "192.168.3.4:4400", True),
        ("0.0.0.0", "evil.example", False),
        ("192.168.3.4", "192.168.3.5", False),
    ],
)
def test_the_bound_host_is_one_of_the_names(bound: str, host: str, served: bool) -> None:
    async def hello(scope: object, receive: object, send: object) -> None:
        from starlette.responses import PlainTextResponse

        await PlainTextResponse("hello")(scope, receive, send)  # type: ignore[arg-type]

    client = TestClient(Guard(hello, bound=bound))
    assert (client.get("/", headers={"host": host}).status_code == 200) is served


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
        {"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:9999"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
def test_pages_of_other_sites_change_nothing(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post(FEEDBACK, json={"outcomes": []}, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["error"] == "ForeignOriginError"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:4400"},
        {"sec-fetch-site": "none"},
        {"origin": "http://127.0.0.1:4400"},
    ],
)
def test_programs_and_our_own_pages_may_post(client: TestClient, headers: dict[str, str]) -> None:
    assert client.post(FEEDBACK, json={"outcomes": []}, headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/", "/api/v1/runs", "/static/base.css", "/nowhere", "/metrics"])
def test_every_answer_tells_browsers_to_be_strict(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"


def test_other_sites_may_look_but_not_read(told: Told) -> None:
    client = TestClient(create_app(told.workspace), base_url="http://localhost")
    answer = client.get("/api/v1/runs", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers
