"""A windowed feature goes through everything that sees inputs, with one value everywhere."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from payment_shop import Shop

def raw(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("payment", "customer", "at", "amount")}


def rows_of(shop: Shop) -> list[dict[str, Any]]:
    workspace = shop.workspace
    dataset = workspace.datasets.get("payments")
    found: list[dict[str, Any]] = workspace.datasets.read(dataset).to_pylist()
    return found


def test_a_request_gets_what_training_saw(shop: Shop) -> None:
    signature = shop.workspace.registry.get("payments", "champion").signature
    names = {"spent_7d", "usual_7d", "often_1d"}
    assert names <= {item.name for item in signature.inputs}
    for row in rows_of(shop)[-20:]:
        sent = raw(row) | {"at": row["at"].isoformat()}
        (told,) = shop.told(sent)
        assert {name: told[name] for name in names} == {name: row[name] for name in names}
