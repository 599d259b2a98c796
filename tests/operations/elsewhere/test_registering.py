"""A reference set is all that is needed to watch a model."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from elsewhere_world import NAME, NOW, reference, told, watching

from keepwell.core.clock import ManualClock
from keepwell.core.errors import (
    ConflictError,
    InvalidDataError,
    ServedElsewhereError,
)
from keepwell.core.records import Task
from keepwell.deployment.server import publish_routes
from keepwell.deployment.server.routes import read_routes
from keepwell.monitoring.monitor import look
from keepwell.operations.elsewhere import register_elsewhere
from keepwell.operations.elsewhere.registering import Reference
from keepwell.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with watching(tmp_path / "shop", ManualClock(NOW)) as workspace:
        yield workspace


def test_the_reference_says_what_it_takes_and_promises(workspace: Workspace) -> None:
    version = workspace.registry.get(NAME, "2026-11")
    assert version.signature.task is Task.BINARY
    assert [field.name for field in version.signature.inputs] == ["age", "plan"]
    assert version.signature.classes == ("no", "yes")
    assert version.metric == "roc_auc"
    assert 0.6 < version.metrics["roc_auc"].value < 1
    assert [file.name for file in version.bundle.files] == ["profile.json", "sample.parquet"]
    columns = [column.name for column in workspace.registry.profile(version).columns]
    assert columns == ["age", "plan", "prediction"]


def test_it_is_watched_like_any_other(workspace: Workspace) -> None:
    endpoint = workspace.endpoints.read(NAME)
    items = [told(at, outcome="no") for at in range(300)]
    for item in items:
        item["inputs"]["age"] += 30
    workspace.elsewhere.take(endpoint, items)
    version = workspace.registry.get(NAME, 1)
    report = look(
        workspace.predictions,
        endpoint=NAME,
        version=version,
        profile=workspace.registry.profile(version),
        spec=workspace.spec.monitor,
        now=NOW,
    )
    assert report.rows == 300
    assert [column.name for column in report.columns if column.drifted] == ["age"]
    assert report.performance is not None
    assert report.performance.rows == 300
    assert {"drift", "performance"} <= {signal.kind for signal in report.signals}


def test_registered_again_it_has_a_new_version(workspace: Workspace) -> None:
    assert register_elsewhere(workspace.bench, NAME, reference(100), label="2026-12").version == 2
    assert workspace.endpoints.read(NAME).champion == 2
    assert workspace.registry.get(NAME, "2026-11").version == 1


def test_a_number_may_be_what_it_says(workspace: Workspace) -> None:
    table = pa.table(
        {"area": [float(at) for at in range(40)], "price": [at * 2.5 for at in range(40)]}
    )
    version = register_elsewhere(
        workspace.bench, "price", Reference(rows=table, prediction="price")
    )
    assert version.signature.task is Task.REGRESSION
    assert version.metrics == {}


def test_what_says_nothing_is_refused(workspace: Workspace) -> None:
    rows = reference(50).rows
    with pytest.raises(InvalidDataError, match="no column 'sayd'"):
        register_elsewhere(workspace.bench, "x", Reference(rows=rows, prediction="sayd"))
    with pytest.raises(InvalidDataError, match="no class of 'paid'") as refusal:
        register_elsewhere(
            workspace.bench, "x", Reference(rows=rows, prediction="likely", target="paid")
        )
    assert "--score" in refusal.value.now
    with pytest.raises(InvalidDataError, match="no inputs"):
        register_elsewhere(
            workspace.bench,
            "x",
            Reference(rows=rows.select(["said", "paid"]), prediction="said", without=("paid",)),
        )
    assert workspace.registry.versions("x") == []


def test_the_projects_own_name_is_taken(workspace: Workspace) -> None:
    with pytest.raises(ConflictError, match="model of this workspace"):
        register_elsewhere(workspace.bench, "shop", reference(50))


def test_nothing_here_answers_for_it(workspace: Workspace) -> None:
    publish_routes(
        workspace.home, workspace.endpoints.find(), workspace.registry.get, blobs="unused"
    )
    (served,) = read_routes(workspace.home).endpoints
    assert served.external
    assert served.routes == ()
    for act in (
        lambda: workspace.desk.deploy(NAME, 1, "by hand"),
        lambda: workspace.explanations.of_rows(NAME, [{"age": 3}]),
        lambda: workspace.switchboard.kill(NAME, "off"),
    ):
        with pytest.raises(ServedElsewhereError, match="does not answer here"):
            act()
    with pytest.raises(ConflictError, match="only watched here"):
        workspace.endpoints.deploy(NAME, NAME, 1)
