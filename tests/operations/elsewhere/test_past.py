"""What windows of a reference differed by is no alarm, where it says when its rows were asked."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from elsewhere_world import NOW, watching

from keepwell.core.clock import ManualClock
from keepwell.core.errors import FormatError, InvalidDataError
from keepwell.core.records import ModelVersion, Profile
from keepwell.monitoring.monitor import look
from keepwell.operations.elsewhere import register_elsewhere
from keepwell.operations.elsewhere.past import PAST_FILE, read_past
from keepwell.operations.elsewhere.registering import Reference
from keepwell.operations.serving.history import History
from keepwell.workspace import Workspace

ROWS = 3000


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with watching(tmp_path / "shop", ManualClock(NOW)) as workspace:
        yield workspace


def year(rows: int = ROWS) -> pa.Table:
    """Return a year of answers in disorder, warm in summer, of two plans."""
    random = np.random.default_rng(0)
    at = np.arange(rows)
    warmth = 15 - 10 * np.cos(2 * np.pi * at / rows) + random.normal(0, 2, rows)
    table = pa.table(
        {
            "warmth": warmth,
            "plan": random.choice(["year", "month"], rows),
            "asked": [datetime(2025, 1, 1, tzinfo=UTC) + timedelta(hours=int(one)) for one in at],
            "said": (warmth * 2 + random.normal(size=rows)).round(3),
        }
    )
    return table.take(pa.array(random.permutation(rows)))


def register(workspace: Workspace, rows: pa.Table, time: str) -> ModelVersion:
    return register_elsewhere(
        workspace.bench,
        "ice",
        Reference(rows=rows, prediction="said", time=time, without=("asked",)),
    )


def summer(workspace: Workspace, version: ModelVersion) -> list[str]:
    """Hand in a warm stretch, and return which columns are said to have drifted."""
    random = np.random.default_rng(1)
    items: list[dict[str, Any]] = [
        {
            "time": NOW - 600 + at,
            "inputs": {
                "warmth": 25 + random.normal(0, 2),
                "plan": str(random.choice(["year", "month"])),
            },
            "prediction": 50.0,
        }
        for at in range(300)
    ]
    workspace.elsewhere.take(workspace.endpoints.read("ice"), items)
    history, profile = History(workspace.bench), workspace.registry.profile(version)
    report = look(
        workspace.predictions, endpoint="ice", version=version, profile=profile,
        spec=workspace.spec.monitor, now=NOW,
        floors=lambda rows: history.floors(version, profile, rows),
    )  # fmt: skip
    return [one.name for one in report.columns if one.drifted]


def test_a_season_of_the_reference_is_an_alarm_only_where_it_has_no_time(
    workspace: Workspace,
) -> None:
    timeless = register(workspace, year(), "")
    assert timeless.bundle.file(PAST_FILE) is None
    assert summer(workspace, timeless) == ["warmth"]
    timed = register(workspace, year(), "asked")
    assert [field.name for field in timed.signature.inputs] == ["warmth", "plan"]
    assert summer(workspace, timed) == []


def test_a_short_reference_has_no_history(workspace: Workspace) -> None:
    assert register(workspace, year(100), "asked").bundle.file(PAST_FILE) is None


def test_a_history_of_another_profile_is_refused(workspace: Workspace) -> None:
    version = register(workspace, year(), "asked")
    profile = workspace.registry.profile(version)
    assert read_past(workspace.blobs, version, profile).rows == ROWS
    other = Profile(rows=profile.rows, columns=profile.columns[:1])
    with pytest.raises(FormatError, match="the history of ice/1"):
        read_past(workspace.blobs, version, other)


def test_a_time_that_is_no_column_is_refused(workspace: Workspace) -> None:
    with pytest.raises(InvalidDataError, match="no column 'askd'"):
        register(workspace, year(100), "askd")
