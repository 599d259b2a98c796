"""Tokens at a running server: two workers, one limit; a revoked token is out within a second."""

from collections.abc import Callable
from typing import Any

import httpx2

from keepwell.core.clock import SystemClock
from keepwell.deployment.server import publish_routes
from keepwell.governance.tokens import Tokens
from keepwell.infrastructure.metadata import open_metadata


def test_consumers_are_known_limited_and_sent_away(
    house: Any, model_of: Callable[..., Any], a_row: dict[str, Any]
) -> None:
    house.register("churn", 1, model_of())
    record = open_metadata(f"sqlite:///{house.home}/record.db", clock=SystemClock())
    tokens = Tokens(record, SystemClock())
    _, shop = tokens.create("shop", quota=5)
    _, fast = tokens.create("fast", rate=0.001, burst=4)
    _, mute = tokens.create("mute", scopes=("feedback",))

    def publish() -> int:
        return publish_routes(
            house.home,
            house.endpoints.values(),
            lambda model, version: house.versions[model, version],
            blobs=house.blobs,
            tokens=tokens.good(),
            tokens_required=True,
        )

    house.route("churn", {1: 100.0})
    supervisor = house.serve(workers=2, generation=publish())
    url = f"http://127.0.0.1:{supervisor.port}/endpoints/churn"

    def ask(token: str, rows: int = 1, verb: str = "predict") -> httpx2.Response:
        headers = {"authorization": f"Bearer {token}", "connection": "close"}
        return httpx2.post(f"{url}/{verb}", json={"instances": [a_row] * rows}, headers=headers)

    nobody = httpx2.post(f"{url}/predict", json={"instances": [a_row]})
    assert nobody.status_code == 401
    assert nobody.headers["www-authenticate"] == "Bearer"
    assert "keepwell tokens create" in nobody.json()["now"]
    assert httpx2.post(f"{url}/feedback", json={"outcomes": []}).status_code == 401
    assert httpx2.post(f"{url}/import", json={"predictions": []}).status_code == 401
    _check_what_is_handed_in(f"http://127.0.0.1:{supervisor.port}/api/v1", mute)
    assert ask(mute).status_code == 403
    assert ask(mute, verb="import").status_code == 403
    assert ask(shop, verb="feedback").status_code == 403
    assert ask(mute, verb="feedback").status_code == 503  # let through; nobody is behind it here

    assert ask(shop, rows=3).status_code == 200
    spent = ask(shop, rows=3)
    assert spent.status_code == 429
    assert int(spent.headers["retry-after"]) > 0
    assert "2 rows left" in spent.json()["what"]
    assert ask(shop, rows=2).status_code == 200
    assert {row.caller for row in house.logged()} == {"shop"}
    assert len(house.logged()) == 5

    answers = [ask(fast).status_code for _ in range(8)]  # new connections, both workers
    assert answers.count(200) == 4
    assert answers.count(429) == 4

    tokens.revoke("shop")
    assert supervisor.wait_for(publish(), timeout=20)
    assert ask(shop).status_code == 401
    record.close()


def _check_what_is_handed_in(base: str, token: str) -> None:
    handed_in = f"{base}/endpoints/churn/predictions"
    assert httpx2.post(handed_in, json={"predictions": []}).status_code == 401
    assert (
        httpx2.get(handed_in).status_code == 503
    )  # reading is let through; nobody is behind it here
    assert httpx2.post(f"{base}/webhooks/generic", json={}).status_code == 401
    signed = {"x-pagerduty-signature": "v1=00"}  # the control process looks at that
    assert httpx2.post(f"{base}/webhooks/pagerduty", json={}, headers=signed).status_code == 503
    named = {"authorization": f"Bearer {token}"}
    assert httpx2.post(handed_in, json={}, headers=named).status_code == 403
    assert httpx2.post(f"{base}/webhooks/generic", json={}, headers=named).status_code == 403
