"""Flags reach real workers within a moment, without a deployment."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx2

from keepwell.core.records import CohortRule, Flags
from keepwell.deployment.server import Supervisor

ROW = {
    "age": 30.0,
    "visits": 4,
    "member": True,
    "colour": "red",
    "since": "2020-01-01",
    "note": "x",
}


def test_workers_follow_a_flip_within_a_moment(house: Any, model_of: Callable[..., Any]) -> None:
    for version in (1, 2):
        house.register("churn", version, model_of(seed=version))
    supervisor = house.serve(generation=house.route("churn", {1: 100.0}, key="customer"))
    with httpx2.Client(base_url=f"http://127.0.0.1:{supervisor.port}", timeout=30) as client:
        _flip_and_ask(house, supervisor, client)


def _flip_and_ask(house: Any, supervisor: Supervisor, client: httpx2.Client) -> None:
    def ask() -> httpx2.Response:
        return client.post("/endpoints/churn/predict", json={"instances": [ROW]})

    def flip(flags: Flags) -> float:
        house.endpoints["churn"] = replace(house.endpoints["churn"], flags=flags)
        start = time.monotonic()
        assert supervisor.wait_for(house.publish(), timeout=10)
        return time.monotonic() - start

    assert ask().headers["x-model-version"] == "1"
    taken = flip(Flags(rules=(CohortRule(when="colour == 'red'", version=2),)))
    assert ask().headers["x-model-version"] == "2"
    assert taken < 3
    flip(Flags(killed=True, reason="complaints"))
    refused = ask()
    assert refused.status_code == 503
    assert refused.json()["why"] == "complaints"
    flip(Flags(killed=True, reason="complaints", fallback=('"No"',)))
    answered = ask()
    assert answered.json()["predictions"] == ["No"]
    assert answered.headers["x-keepwell-fallback"] == "1"
    flip(Flags())
    assert ask().headers["x-model-version"] == "1"
    probe = {"x-keepwell-probe": "v1"}
    said = client.post("/endpoints/churn/predict", json={"instances": [ROW]}, headers=probe)
    assert said.headers["x-model-version"] == "1"
