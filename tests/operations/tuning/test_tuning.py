"""Settings of the server under load: chosen by objectives, tried in a data plane of their own."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253
import pyarrow as pa
import pytest
from sklearn.linear_model import LogisticRegression  # noqa: TID253 (registered as a user would)

from keepwell.core.errors import NotFoundError
from keepwell.core.spec import (
    DataSpec,
    LimitsSpec,
    MonitorSpec,
    ProjectSpec,
    ServeSpec,
)
from keepwell.core.spec.objectives import ObjectiveSpec
from keepwell.operations.own_model import register_own
from keepwell.operations.tuning import Asked, Settings, Trial, tune
from keepwell.operations.tuning.choice import best_of, better_in_a_crowd, keeps, room_for
from keepwell.operations.tuning.client import Order, ask
from keepwell.operations.tuning.tuner import bodies_of, objectives_of, worker_counts
from keepwell.workspace import Workspace

OBJECTIVES = {"latency_p99_ms": (20.0, 0.99)}


def trial(workers: int, per_second: float, within: float = 1.0, **more: Any) -> Trial:
    told: dict[str, Any] = {
        "settings": Settings(workers=workers, in_flight=256, version=1),
        "kind": "steady",
        "clients": 8,
        "per_second": per_second,
        "p50_ms": 1.0,
        "p99_ms": 5.0,
        "within": {"latency_p99_ms": within},
        "refused": 0.0,
        "failed": 0,
        "processors": 1.0,
        "memory": 60_000_000,
    }
    return Trial(**(told | more))


def test_of_those_that_keep_the_objectives_the_one_that_answers_most() -> None:
    found, kept, reason = best_of([trial(1, 900), trial(2, 1700), trial(4, 2600, 0.9)], OBJECTIVES)
    assert (found.settings.workers, kept) == (2, True)
    assert reason == "of 2 that keep the objectives, it answers most"


def test_what_is_as_good_with_fewer_workers_is_better() -> None:
    found, _, reason = best_of([trial(1, 960), trial(2, 1000), trial(3, 990)], OBJECTIVES)
    assert found.settings.workers == 1
    assert "fewest workers" in reason


def test_where_none_keeps_them_the_nearest_is_told() -> None:
    found, kept, reason = best_of([trial(1, 900, 0.6), trial(2, 800, 0.95)], OBJECTIVES)
    assert (found.settings.workers, kept) == (2, False)
    assert "95.00% within 20 ms, 99.00% are asked for" in reason


def test_without_objectives_everything_keeps_them() -> None:
    assert keeps(trial(1, 10, 0.0), {})
    assert best_of([trial(1, 100), trial(2, 300)], {})[0].settings.workers == 2


def test_what_broke_is_taken_only_if_all_did() -> None:
    assert best_of([trial(1, 100), trial(2, 300, failed=3)], {})[0].settings.workers == 1
    assert best_of([trial(2, 300, failed=3)], {})[0].settings.workers == 2


def test_a_worker_takes_on_what_it_answers_in_half_the_limit() -> None:
    assert room_for(trial(2, 4000), 20.0) == 20
    assert room_for(trial(1, 10), 20.0) == 4


def test_fewer_at_a_time_are_better_if_more_are_answered_in_time() -> None:
    late = trial(1, 1000, 0.05)
    assert better_in_a_crowd(late, trial(1, 600, 0.6, refused=0.4))
    assert not better_in_a_crowd(trial(1, 1000, 0.9), trial(1, 990, 0.9))


def test_objectives_of_latency_count_alone() -> None:
    found = objectives_of(
        [
            ObjectiveSpec(kind="latency", limit=50.0, target=0.95),
            ObjectiveSpec(kind="availability", target=0.999),
        ]
    )
    assert found == {"latency_p95_ms": (50.0, 0.95)}
    assert worker_counts(1) == (1, 2)


def test_clients_count_answers_refusals_and_failures() -> None:
    """Against a server that answers, refuses and fails in turn."""
    said = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal said
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                assert json.loads(await reader.readexactly(length)) == {"instances": []}
                said += 1
                status = (b"200 OK", b"503 Busy", b"500 Broken")[said % 3]
                writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\n{}")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def both() -> Any:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        order = Order(
            port=port,
            path="/endpoints/shop/predict",
            bodies=['{"instances": []}'],
            clients=2,
            warm=0.0,
            seconds=0.4,
        )
        async with server:
            return await ask(order)

    heard = asyncio.run(both())
    assert heard.latencies
    assert heard.refused
    assert heard.failed
    assert 0 < heard.answered <= len(heard.latencies)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workspace]:
    """Return a project whose endpoint answers with a model that was fitted elsewhere."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"tenure": random.integers(0, 72, 200), "charges": random.normal(size=200)}
    )
    left = np.where(frame["tenure"] < 30, "yes", "no")
    model = LogisticRegression().fit(frame, left)
    rows = pa.Table.from_pandas(frame.assign(left=left), preserve_index=False)
    monitor = MonitorSpec(objectives=(ObjectiveSpec(kind="latency", limit=5000.0, target=0.5),))
    spec = ProjectSpec(
        name="shop",
        root=tmp_path,
        data=DataSpec(source="rows.csv", target="left"),
        monitor=monitor,
        serve=ServeSpec(limits=LimitsSpec(in_flight=4)),
    )
    with Workspace(spec) as opened:
        version = register_own(opened.bench, model, rows, "left")
        opened.endpoints.deploy("shop", "shop", version.version, "for a test")
        yield opened


def test_a_setting_is_tried_beside_what_serves_and_leaves_nothing(
    shop: Workspace, tmp_path: Path
) -> None:
    before = sorted(tmp_path.rglob("*.json"))
    asked = Asked(endpoint="", clients=3, seconds=0.5, workers=(1,))
    found = tune(shop.bench, shop.blobs_url, asked, cores=2.0)
    steady, crowd = found.trials[:2]
    assert (steady.kind, crowd.kind) == ("steady", "crowd")
    assert steady.per_second > 0
    assert 0 < steady.p50_ms <= steady.p99_ms
    assert steady.memory > 10_000_000
    assert steady.processors > 0
    assert steady.failed == 0
    assert found.kept
    assert found.chosen.workers == 1
    assert found.changes == (
        {} if found.chosen == found.now else {"serve.limits.in_flight": found.chosen.in_flight}
    )
    assert sorted(tmp_path.rglob("*.json")) == before  # nothing of it is in the workspace
    assert not list(shop.home.rglob("worker-*.json"))
    assert found.now == replace(found.now, workers=1, in_flight=4)


def test_requests_are_rows_that_the_model_takes(shop: Workspace) -> None:
    version = shop.registry.get("shop")
    (body,) = bodies_of(shop.bench, version, 3)  # its test rows are not known: its example
    assert len(json.loads(body)["instances"]) == 3
    with pytest.raises(NotFoundError, match="no endpoint called 'shpo'"):
        tune(shop.bench, shop.blobs_url, Asked(endpoint="shpo"), cores=2.0)
