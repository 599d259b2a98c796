"""A challenger learns the world of now, and is judged on rows that nobody has seen."""

import json
from dataclasses import replace

import pyarrow as pa
import pytest
from build_world import live_rows

from keepwell.core.errors import TrainingError
from keepwell.core.progress import SilentProgress
from keepwell.core.records import ColumnType, Field, Signature, Task
from keepwell.operations.build.challenger import (
    EACH_CLASS,
    _size,
    _weights,
    gather,
    train_challenger,
)
from keepwell.operations.build.live_rows import in_common, keep_live_rows, live_table
from keepwell.operations.loop.retrainings import Retraining, Window
from keepwell.workspace import Workspace

REQUEST = Retraining(
    id="incident-1",
    endpoint="shop",
    baseline=1,
    decided=0.0,
    reason="drift",
    budget=12.0,
    windows=(Window(name="all"), Window(name="recent", since=1_700_000_000.0, older=0.0)),
)


def test_it_learns_the_turned_world_from_the_window_that_shows_it(workspace: Workspace) -> None:
    workspace.builder.run()
    rows = live_rows(900, seed=1, turned=True)
    result = train_challenger(workspace.bench, rows, REQUEST, progress=SilentProgress())
    assert result.status == "done"
    assert result.window == "recent"
    assert result.comparison is not None
    assert result.comparison.rows == 270
    assert result.comparison.challenger > 0.9
    assert result.comparison.champion < 0.4
    assert result.comparison.gain.low is not None
    assert result.comparison.gain.low > 0.3
    assert result.verdict is not None
    assert result.verdict.passed
    assert workspace.endpoints.read("shop").champion == 1, "nothing goes live by training"
    run = workspace.runs.get(result.run)
    assert run.dataset == "shop.live/1"
    assert run.tags["with"] == "shop/1"


def test_in_an_unchanged_world_it_is_not_better(workspace: Workspace) -> None:
    workspace.builder.run()
    rows = live_rows(900, seed=2, turned=False)
    result = train_challenger(workspace.bench, rows, REQUEST, progress=SilentProgress())
    assert result.comparison is not None
    assert result.comparison.gain.low is not None
    assert abs(result.comparison.gain.value) < 0.1


def test_it_is_tested_on_rows_of_both_classes_however_far_back_they_are(
    workspace: Workspace,
) -> None:
    workspace.builder.run()
    baseline = workspace.registry.get("shop", 1)
    night = live_rows(400, seed=5, turned=False)
    stays = night["outcome"].to_pylist()
    rows = night.filter(
        pa.array([place < 200 or said == '"no"' for place, said in enumerate(stays)])
    )
    since = night["time"][380].as_py()
    short = gather(workspace.bench, rows.slice(200), baseline, since=since)
    assert len(short.test) == 50, "rows of one class only cannot be made to hold two"
    found = gather(workspace.bench, rows, baseline, since=since)
    assert len(found.test) > 50
    assert found.table["churn"].take(found.test).to_pylist().count("yes") == EACH_CLASS


def test_where_only_inputs_moved_older_rows_that_the_champion_does_not_know_are_tested_on_too(
    workspace: Workspace,
) -> None:
    workspace.builder.run()
    baseline = replace(workspace.registry.get("shop", 1), created=1_700_000_100.0)
    rows = live_rows(900, seed=6, turned=False)
    since = 1_700_000_700.0
    strict = gather(workspace.bench, rows, baseline, since=since)
    wide = gather(workspace.bench, rows, baseline, since=since, older=True)
    assert strict.newest == wide.newest
    older = wide.test[wide.test < wide.newest]
    assert len(wide.test) == len(strict.test) + len(older)
    assert len(older) == (840 - 100) // 5
    assert wide.times[older].min() >= baseline.created
    assert sorted(set(wide.test.tolist())) == wide.test.tolist()


def test_rows_that_come_once_more_are_judged_on_and_not_learnt(workspace: Workspace) -> None:
    """Customers of the project's data are scored again: who learnt them would know the answers by heart."""
    workspace.builder.run()
    known = workspace.bench.datasets.read(workspace.bench.datasets.get("shop"))
    again = live_rows(210, seed=6, turned=False)
    signature = workspace.registry.get("shop", 1).signature
    names = [field.name for field in signature.inputs]
    rows = known.select(names).slice(0, 70).to_pylist()
    inputs = [json.dumps(rows[at % 70]) for at in range(210)]
    again = again.set_column(again.column_names.index("inputs"), "inputs", pa.array(inputs))
    gathered = gather(workspace.bench, again, workspace.registry.get("shop", 1))
    assert (len(gathered.test), len(gathered.twins)) == (63, 3 * 63)
    whole = Window(name="all")
    assert _weights(gathered, whole)[gathered.twins].sum() == 0
    left = gathered.table.num_rows - len(gathered.test) - len(gathered.twins)
    assert _size(gathered, whole) == left
    recent = Window(name="recent", since=1.0, older=0.0)
    assert _size(gathered, recent) == 210 - len(gathered.test), "else hardly any were left"


def test_too_few_outcomes_are_refused_in_words(workspace: Workspace) -> None:
    workspace.builder.run()
    request = Retraining(
        id="x",
        endpoint="shop",
        baseline=1,
        decided=0.0,
        reason="",
        windows=(Window(name="recent", since=0.1, older=0.0),),
    )
    with pytest.raises(TrainingError, match="too few rows"):
        train_challenger(
            workspace.bench, live_rows(60, seed=3, turned=True), request, progress=SilentProgress()
        )


def test_live_rows_are_stored_once_however_often_they_come(workspace: Workspace) -> None:
    workspace.builder.run()
    signature = workspace.registry.get("shop", 1).signature
    rows = live_rows(50, seed=4, turned=False)
    first = keep_live_rows(workspace.bench, rows.slice(0, 30), signature)
    again = keep_live_rows(workspace.bench, rows.slice(0, 30), signature)
    more = keep_live_rows(workspace.bench, rows, signature)
    assert (first.version, again.version, more.version) == (1, 1, 2)
    assert (first.rows, more.rows) == (30, 50)


SIGNATURE = Signature(
    task=Task.BINARY,
    target="left",
    inputs=(
        Field(name="age", type=ColumnType.INTEGER),
        Field(name="since", type=ColumnType.DATETIME),
        Field(name="plan", type=ColumnType.CATEGORY),
    ),
    classes=(0, 1),
)


def test_labels_come_back_as_the_model_knows_them() -> None:
    table = live_table(
        [
            {"inputs": '{"age": 3, "since": "2024-05-01"}', "outcome": '"1"'},
            {"inputs": '{"age": null, "plan": 7}', "outcome": "0"},
        ],
        SIGNATURE,
    )
    assert table["left"].to_pylist() == [1, 0]
    assert table["age"].to_pylist() == [3.0, None]
    assert table["plan"].to_pylist() == [None, "7"]
    assert table["since"][0].as_py().isoformat() == "2024-05-01T00:00:00+00:00"


def test_rows_that_do_not_fit_the_base_type_make_both_wider() -> None:
    base = pa.table({"age": pa.array([1, 2]), "plan": ["a", "b"]})
    live = pa.table({"age": [2.5], "plan": ["c"]})
    both = in_common(base, live, ["age", "plan"])
    assert both["age"].to_pylist() == [1.0, 2.0, 2.5]
    assert both["plan"].to_pylist() == ["a", "b", "c"]
