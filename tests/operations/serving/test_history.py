"""What monitors learn from training's own rows."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd  # noqa: TID253
import pyarrow as pa
import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.identifiers import new_id
from keepwell.core.records import (
    Bundle,
    Column,
    ColumnType,
    Field,
    ModelVersion,
    Prediction,
    Signature,
    Task,
)
from keepwell.core.spec import DataSpec, MonitorSpec, ProjectSpec
from keepwell.monitoring.monitor import look
from keepwell.monitoring.prediction_log.schema import PREDICTIONS, prediction_table
from keepwell.monitoring.report import Report
from keepwell.operations.build.live_rows import TIME
from keepwell.operations.serving.history import JOINT_EVERY, History
from keepwell.workspace import Workspace

NOW = 1_800_000_000.0
NAMES = ("first", "second", "note")
WORDS = {
    "bank": ["account", "card", "transfer", "money", "branch", "loan"],
    "trip": ["flight", "hotel", "beach", "ticket", "airport", "luggage"],
}


def rows(count: int, seed: int, *, sign: float = 1.0, topic: str = "bank") -> pd.DataFrame:
    """Draw two columns that go together one way or the other, and a text."""
    random = np.random.default_rng(seed)
    first = random.normal(size=count)
    second = sign * 0.9 * first + 0.44 * random.normal(size=count)
    notes = [f"about {' '.join(random.choice(WORDS[topic], 12))} {at}" for at in range(count)]
    return pd.DataFrame({"first": first.round(4), "second": second.round(4), "note": notes})


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def workspace(tmp_path: Path, clock: ManualClock) -> Iterator[Workspace]:
    spec = ProjectSpec(
        name="shop",
        root=tmp_path,
        data=DataSpec(source="shop.csv", target="left", time="day"),
        monitor=MonitorSpec(),
    )
    table = rows(1500, 0)
    table["day"] = pd.date_range("2026-01-01", periods=1500, freq="h")[::-1]
    table.to_csv(tmp_path / "shop.csv", index=False)
    with Workspace(spec, clock=clock) as made:
        made.datasets.ingest("shop", "shop.csv", root=tmp_path, types={"note": ColumnType.TEXT})
        yield made


@pytest.fixture
def version(workspace: Workspace) -> ModelVersion:
    kinds = (ColumnType.NUMBER, ColumnType.NUMBER, ColumnType.TEXT)
    return workspace.registry.register(
        "shop",
        run="run",
        bundle=Bundle(files=()),
        signature=Signature(
            task=Task.BINARY,
            target="left",
            classes=("no", "yes"),
            inputs=tuple(
                Field(name=name, type=kind) for name, kind in zip(NAMES, kinds, strict=True)
            ),
        ),
        metric="accuracy",
        dataset="shop/1",
    )


def served(workspace: Workspace, version: ModelVersion, table: pd.DataFrame, now: float) -> Report:
    """Log predictions for rows, and look at them."""
    made = []
    for at, row in enumerate(table.to_dict("records")):
        time = now - len(table) + at
        made.append(
            Prediction(
                id=new_id(time), time=time, endpoint="shop", model="shop", version=1, role="champion",
                request=new_id(time), key="", inputs=json.dumps(row), prediction='"no"',
            )
        )  # fmt: skip
    workspace.tables.write(PREDICTIONS, prediction_table(made))
    profile = workspace.datasets.profile(workspace.datasets.get("shop"))
    return look(
        workspace.predictions,
        endpoint="shop",
        version=version,
        profile=profile,
        spec=workspace.spec.monitor,
        now=now,
    )


def test_columns_that_go_together_otherwise_are_told_though_none_moved(
    workspace: Workspace, version: ModelVersion
) -> None:
    history = History(workspace.bench)
    quiet = served(workspace, version, rows(600, 1), NOW)
    for wait in (0.0, JOINT_EVERY):
        seen = history.joined(replace(quiet, time=NOW + wait), version, workspace.predictions)
        assert seen.signals == ()
    later = served(workspace, version, rows(600, 2, sign=-1.0), NOW + 2 * JOINT_EVERY + 3600)
    assert later.signals == ()
    told = history.joined(later, version, workspace.predictions)
    (signal,) = told.signals
    assert signal.kind == "joint_drift"
    assert "`first`" in signal.message
    assert "`second`" in signal.message
    soon = replace(later, time=later.time + 10)
    assert history.joined(soon, version, workspace.predictions).signals == (signal,)


def test_texts_on_another_topic_are_told(workspace: Workspace, version: ModelVersion) -> None:
    report = served(workspace, version, rows(400, 3, topic="trip"), NOW)
    history = History(workspace.bench)
    assert history.joined(report, version, workspace.predictions) == report
    in_time = replace(report, time=report.time + JOINT_EVERY)
    told = history.joined(in_time, version, workspace.predictions)
    (signal,) = told.signals
    assert (signal.kind, signal.column) == ("drift", "note")
    assert signal.message.startswith("texts of `note` read otherwise than in training")


def test_floors_are_learnt_once_from_rows_in_the_order_of_time(
    workspace: Workspace, version: ModelVersion
) -> None:
    history = History(workspace.bench)
    profile = workspace.datasets.profile(workspace.datasets.get("shop"))
    floors = history.floors(version, profile, 100)
    assert 0 < floors["first"] < 0.4
    assert history.floors(version, profile, 120) is floors
    assert history.floors(version, profile, 0) == {}


def test_a_version_that_was_retrained_on_live_rows_has_the_history_of_the_project(
    workspace: Workspace, version: ModelVersion
) -> None:
    live = pa.Table.from_pandas(rows(400, 7))
    times = pa.array(range(400), pa.timestamp("us", "UTC"))
    kept = workspace.datasets.append(
        "shop.live",
        live.append_column(TIME, times),
        origin="outcomes",
        columns=[
            Column(name="first", type=ColumnType.NUMBER),
            Column(name="second", type=ColumnType.NUMBER),
            Column(name="note", type=ColumnType.TEXT),
            Column(name=TIME, type=ColumnType.DATETIME),
        ],
    )
    retrained = replace(version, dataset=kept.key)
    history = History(workspace.bench)
    profile = workspace.datasets.profile(workspace.datasets.get("shop"))
    usual = History(workspace.bench).floors(version, profile, 100)
    assert history.floors(retrained, profile, 100) == usual
    report = served(workspace, version, rows(400, 8, sign=-1.0), NOW)
    kinds = set[str]()
    for wait in (0.0, JOINT_EVERY):
        seen = replace(report, time=NOW + wait)
        told = history.joined(seen, retrained, workspace.predictions)
        kinds |= {one.kind for one in told.signals}
    assert "joint_drift" in kinds


def test_a_version_that_was_brought_along_has_no_history(
    workspace: Workspace, version: ModelVersion
) -> None:
    own = replace(version, dataset="")
    history = History(workspace.bench)
    report = served(workspace, version, rows(300, 4, sign=-1.0), NOW)
    for wait in (0.0, JOINT_EVERY):
        seen = replace(report, time=NOW + wait)
        assert history.joined(seen, own, workspace.predictions).signals == ()
    profile = workspace.datasets.profile(workspace.datasets.get("shop"))
    assert history.floors(own, profile, 100) == {}
