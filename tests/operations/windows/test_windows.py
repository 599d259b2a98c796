"""A windowed feature goes through everything that sees inputs, with one value everywhere."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from payment_shop import BEGIN, Shop, payments
from pyarrow.csv import read_csv

from keepwell.cli.main import run
from keepwell.core import features
from keepwell.core.errors import InvalidDataError, InvalidRequestError, UsageError
from keepwell.core.features import AS_USUAL
from keepwell.core.identifiers import new_id
from keepwell.core.progress import SilentProgress
from keepwell.core.records import Column, ColumnType
from keepwell.deployment.example import asked_example
from keepwell.deployment.server.doors.delimited import read_written
from keepwell.deployment.server.doors.schema import schema_of
from keepwell.deployment.server.inference_protocol.metadata import describe
from keepwell.deployment.server.inference_protocol.rows import instances_of
from keepwell.deployment.server.inference_protocol.tensors import Tensor
from keepwell.deployment.streams.attaching import answer
from keepwell.deployment.streams.base import Event
from keepwell.features.windows import Completer, windowed
from keepwell.operations.batch.scoring import Batch, score
from keepwell.operations.build.challenger import train_challenger
from keepwell.operations.build.judge import open_scorer
from keepwell.operations.loop.retrainings import Retraining, Window
from keepwell.operations.windows.asking import CompletingScorer, completed
from keepwell.operations.windows.declaring import (
    derivation,
    must_fit,
    must_go_on,
    with_history,
)
from keepwell.operations.windows.keeping import fill, push_file
from keepwell.project import Project


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


def test_an_answered_row_is_an_event_and_a_probe_is_none(shop: Shop) -> None:
    late = {"customer": "somebody new", "amount": 10.0}
    first = {**late, "at": "2025-02-01T10:00:00"}
    assert shop.told(first)[0]["often_1d"] == 0
    assert shop.told({**late, "at": "2025-02-01T10:00:01"})[0]["often_1d"] == 0
    shop.ask(first)
    (told,) = shop.told({**late, "at": "2025-02-01T10:00:01"})
    assert (told["often_1d"], told["spent_7d"], told["usual_7d"]) == (1, 10.0, 10.0)
    assert (
        shop.told(first)[0]["often_1d"] == 0
    )  # it never sees itself, nor what happens at its moment


def test_rows_of_one_request_see_each_other_by_their_times(shop: Shop) -> None:
    rows = [
        {"customer": "a pair", "amount": 2.0, "at": "2025-02-01T12:00:02Z"},
        {"customer": "a pair", "amount": 1.0, "at": "2025-02-01T12:00:01Z"},
    ]
    told = shop.told(*rows)
    assert [row["spent_7d"] for row in told] == [1.0, 0.0]


def test_the_log_holds_what_the_model_was_fed(shop: Shop) -> None:
    row = {"customer": "c1", "amount": 5.0, "at": "2025-01-21T00:00:00"}
    answered = shop.ask(row)
    fed = answered.parts[0].part.rows[0]
    workspace = shop.workspace
    workspace.collector.collect()
    logged = workspace.predictions.find(answered.parts[0].ids[0])
    assert logged is not None
    inputs = json.loads(logged.inputs)
    assert fed["spent_7d"] > 0
    assert {name: inputs[name] for name in ("spent_7d", "usual_7d", "often_1d")} == {
        name: fed[name] for name in ("spent_7d", "usual_7d", "often_1d")
    }
    assert not answered.parts[0].scores.warnings  # what only windows need is not called unused
    again = workspace.explanations.of_predictions([logged.id], endpoint="payments")[0]
    assert again.explanation.prediction == answered.parts[0].scores.predictions[0]


def test_a_row_that_brings_the_columns_itself_is_taken_at_its_word(shop: Shop) -> None:
    row = {"customer": "c2", "at": "2025-01-21T00:00:00", "amount": 1.0}
    brought = {"spent_7d": 9.0, "usual_7d": None, "often_1d": 3}
    (told,) = shop.told(row | brought)
    assert {name: told[name] for name in brought} == brought


def test_whoever_explains_or_predicts_elsewhere_gets_the_same(shop: Shop) -> None:
    row = raw(rows_of(shop)[-1])
    row["at"] = row["at"].isoformat()
    answer = shop.ask(row, caller="probe").parts[0].scores.predictions
    workspace = shop.workspace
    explained = workspace.explanations.of_rows("payments", [row])[0].explanation
    assert explained.prediction == answer[0]
    told = {one.column: one.value for one in explained.contributions}
    assert told["spent_7d"] == rows_of(shop)[-1]["spent_7d"]
    model = workspace.registry.get("payments", "champion")
    done = completed(workspace.home, model, [row], workspace.clock.now())
    assert open_scorer(workspace.bench, model).rows(done).predictions == answer


def test_a_file_is_scored_by_what_was_pushed(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    late = payments(60, seed=8, since=BEGIN + 20 * 86_400)
    file.write_text(late.replace(",c", ",new").replace(",newustomer", ",customer", 1))
    workspace = shop.workspace
    rows, added = push_file(workspace.bench, str(file), tmp_path)
    assert (rows, added) == (
        60,
        2 * 60,
    )  # of both series: amounts by customer, and rows by customer
    assert push_file(workspace.bench, str(file), tmp_path) == (60, 0)  # again, it adds nothing
    model = workspace.registry.get("payments", "champion")
    out = tmp_path / "scored.parquet"
    batch = Batch(source=str(file), output=str(out), root=tmp_path, sample=True)
    scored = score(workspace.bench, workspace.tables, model, batch)
    assert (scored.rows, scored.absent) == (60, ())
    whole = pa.concat_tables(
        [
            _three(workspace.datasets.read(workspace.datasets.get("payments"))),
            _three(read_csv(file)),
        ]
    )
    windows = workspace.spec.features.windows
    offline = windowed(whole, windows, "at").slice(whole.num_rows - 60)
    assert scored.sample is not None
    for window in windows:
        assert scored.sample[window.name].to_pylist() == offline[window.name].to_pylist()


def _three(rows: pa.Table) -> pa.Table:
    return rows.select(["customer", "at", "amount"]).cast(
        pa.schema([("customer", pa.string()), ("at", pa.timestamp("us")), ("amount", pa.float64())])
    )


def test_a_stream_of_events_answers_as_requests_do(shop: Shop) -> None:
    workspace = shop.workspace
    model = workspace.registry.get("payments", "champion")
    scorer = CompletingScorer(open_scorer(workspace.bench, model), shop.store, workspace.clock)
    events = [
        Event(data=json.dumps({"customer": "streamed", "amount": 4.0, "at": at}).encode(), place=at)
        for at in ("2025-02-02T00:00:00Z", "2025-02-02T00:00:05Z")
    ]
    answers, refused = answer(scorer, 1, events)
    assert (len(answers), refused) == (2, 0)
    (told,) = shop.told({"customer": "streamed", "amount": 1.0, "at": "2025-02-02T00:00:06Z"})
    assert (told["often_1d"], told["spent_7d"]) == (2, 8.0)


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (
            {"at": "2025-01-21T00:00:00", "amount": 1.0},
            "column 'customer' is missing in instance 0",
        ),
        ({"customer": "c1", "at": "noon", "amount": 1.0}, "column 'at' of instance 0 is 'noon'"),
        ({"customer": "c1", "at": 17, "amount": 1.0}, "column 'at' of instance 0 is 17"),
        ({"customer": "c1", "amount": "much"}, "column 'amount' of instance 0 is 'much'"),
    ],
)
def test_a_row_that_windows_cannot_be_calculated_for_is_refused(
    shop: Shop, row: dict[str, Any], what: str
) -> None:
    with pytest.raises(InvalidRequestError, match=re.escape(what)) as refused:
        shop.ask(row)
    assert refused.value.why
    assert refused.value.now


def test_a_row_without_a_time_happens_now(shop: Shop) -> None:
    before = datetime.now(UTC)
    (told,) = shop.told({"customer": "c1", "amount": 1.0})
    assert (told["often_1d"], told["spent_7d"], told["usual_7d"]) == (0, 0, None)
    assert before <= datetime.fromisoformat(told["at"]) <= datetime.now(UTC)


def test_a_request_is_described_without_what_is_calculated(shop: Shop) -> None:
    signature = shop.workspace.registry.get("payments", "champion").signature
    schema = schema_of(signature)["properties"]["instances"]["items"]
    assert {"customer", "at", "amount"} <= schema["properties"].keys()
    assert "at" not in schema["required"]
    assert not {"spent_7d", "usual_7d", "often_1d"} & schema["properties"].keys()
    (told,) = shop.told(asked_example(signature))
    assert told["often_1d"] is not None
    row = {"customer": "c1", "at": "2025-01-21T00:00:00", "amount": "5.5"}
    endpoint = shop.predictor.snapshot.endpoints["payments"]
    assert read_written(endpoint)(row)["amount"] == 5.5


def test_a_window_that_means_something_else_needs_another_name(shop: Shop) -> None:
    workspace = shop.workspace
    windows = tuple(replace(one, over=2 * one.over) for one in workspace.spec.features.windows)
    spec = replace(workspace.spec, features=replace(workspace.spec.features, windows=windows))
    with pytest.raises(
        UsageError, match="the window 'spent_7d' means something else than in version 1"
    ):
        must_go_on(replace(workspace.bench, spec=spec))


def test_several_machines_are_refused(shop: Shop) -> None:
    with pytest.raises(UsageError, match="does not go with a record in PostgreSQL"):
        must_go_on(replace(shop.workspace.bench, shared=True))


@pytest.mark.parametrize(
    ("window", "time", "what"),
    [
        ({"by": "custommer"}, "at", "names the column 'custommer', which the data does not have"),
        ({"of": "amonut"}, "at", "names the column 'amonut', which the data does not have"),
        ({"of": "customer"}, "at", "names the column 'customer', which is category"),
        ({"by": "at"}, "at", "names the column 'at', which is datetime"),
        ({}, "amount", "`data.time` names the column 'amount', which is number"),
        ({"name": "amount"}, "at", "has the name of a column of the data"),
    ],
)
def test_windows_that_the_data_does_not_allow_are_refused(
    window: dict[str, str], time: str, what: str
) -> None:
    kinds = {
        "customer": ColumnType.CATEGORY,
        "at": ColumnType.DATETIME,
        "amount": ColumnType.NUMBER,
    }
    columns = [Column(name=name, type=kind) for name, kind in kinds.items()]
    usual = {"name": "w", "aggregate": "sum", "of": "amount", "by": "customer"}
    declared = features.Window(**{**usual, **window}, over=60.0)
    with pytest.raises(UsageError, match=re.escape(what)):
        must_fit([declared], time, columns)


def test_the_loop_retrains_on_what_the_model_was_fed(shop: Shop) -> None:
    workspace = shop.workspace
    dataset = rows_of(shop)
    fed = [
        {**row, "at": row["at"].isoformat(), "spent_7d": row["spent_7d"] + 0.25} for row in dataset
    ]
    times = [1_760_000_000.0 + at for at in range(len(fed))]
    names = {item.name for item in workspace.registry.get("payments", 1).signature.inputs}
    labelled = pa.table(
        {
            "id": [new_id(time) for time in times],
            "time": times,
            "inputs": [json.dumps({k: v for k, v in row.items() if k in names}) for row in fed],
            "outcome": [json.dumps(row["fraud"]) for row in dataset],
        }
    )
    request = Retraining(
        id="incident-1",
        endpoint="payments",
        baseline=1,
        decided=0.0,
        reason="drift",
        budget=4.0,
        windows=(Window(name="all"),),
    )
    result = train_challenger(workspace.bench, labelled, request, progress=SilentProgress())
    assert result.status == "done"
    live = workspace.datasets.read(workspace.datasets.get("payments.live"))
    assert live["spent_7d"].to_pylist() == [row["spent_7d"] for row in fed]
    challenger = workspace.registry.get("payments", result.candidate)
    assert challenger.signature.history is not None
    before = workspace.registry.get("payments", 1).signature.history
    assert before is not None
    assert challenger.signature.history.windows == before.windows
    assert [one.name for one in challenger.signature.history.columns] == [
        "at",
        "customer",
        "amount",
    ]
    assert result.comparison is not None
    assert result.comparison.rows > 0


def test_events_from_python_are_kept(shop: Shop) -> None:
    rows = [{"customer": "from python", "amount": 2.0, "at": datetime(2025, 2, 3, tzinfo=UTC)}]
    with Project(shop.workspace.root) as project:
        assert project.push_events(rows) == 2
        assert project.push_events(pa.Table.from_pylist(rows)) == 0
        asked = {"customer": "from python", "amount": 1.0, "at": "2025-02-03T00:00:01Z"}
        assert (
            project.predict([asked]) == shop.ask(asked, caller="probe").parts[0].scores.predictions
        )
        with pytest.raises(InvalidDataError, match="the table has no column 'amount'"):
            project.push_events([{"customer": "c1", "at": datetime(2025, 2, 3, tzinfo=UTC)}])
        with pytest.raises(InvalidDataError, match="cannot be read as events"):
            project.push_events([{"customer": "c1", "at": "noon", "amount": 1.0}])


def test_a_project_without_windows_keeps_nothing(shop: Shop, tmp_path: Path) -> None:
    spec = replace(shop.workspace.spec, features=AS_USUAL)
    assert derivation(spec) is None
    bench = replace(shop.workspace.bench, spec=spec)
    with pytest.raises(UsageError, match="this project has no windows"):
        push_file(bench, "payments.csv", shop.workspace.root)
    champion = shop.workspace.registry.get("payments", "champion")
    assert with_history(bench, replace(champion.signature, history=None)).history is None
    assert fill(bench, replace(champion.signature, history=None)) == 0


def test_commands_push_and_predict(
    shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shop.workspace.root)
    Path("today.csv").write_text(
        "customer,at,amount\nby command,2025-02-04T00:00:00,3.5\nby command,2025-02-04T00:00:01,1\n"
    )
    assert run(["features", "push", "today.csv", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"source": "today.csv", "rows": 2, "new": 4}
    assert run(["features", "push"]) == 0
    assert "500 rows of payments.csv read, 0 new events kept" in capsys.readouterr().out
    row = {"customer": "by command", "at": "2025-02-04T00:00:02", "amount": 1}
    assert run(["predict", json.dumps(row), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    (told,) = shop.told(row)
    assert told["spent_7d"] == 4.5
    assert said["predictions"] == shop.ask(row, caller="probe").parts[0].scores.predictions
    assert [text for text in said.get("warnings", []) if "ignored" in text] == []
    assert run(["features", "1"]) == 0
    assert "features of payments/1" in capsys.readouterr().out
    Path("odd.csv").write_text("client,at,amount\na,2025-02-04,1\n")
    assert run(["features", "push", "odd.csv"]) == 1
    assert "odd.csv has no column 'customer'" in capsys.readouterr().err


def test_other_protocols_ask_for_the_same_columns(shop: Shop) -> None:
    endpoint = shop.predictor.snapshot.endpoints["payments"]
    asked = [item["name"] for item in describe(endpoint, 1)["inputs"]]
    assert sorted(asked) == ["amount", "at", "customer"]
    values = {"customer": "c3", "at": "2025-01-21T00:00:00", "amount": "4.5"}
    tensors = [
        Tensor(name=name, datatype="BYTES", shape=(1,), values=[values[name]]) for name in asked
    ]
    matrix = Tensor(
        name="rows", datatype="BYTES", shape=(1, 3), values=[values[name] for name in asked]
    )
    expected = shop.told({**values, "amount": 4.5})
    assert expected[0]["often_1d"] is not None
    assert shop.told(*instances_of(endpoint, tensors)) == expected
    assert shop.told(*instances_of(endpoint, [matrix])) == expected


def test_a_window_over_a_column_that_is_ignored_needs_it_all_the_same(shop: Shop) -> None:
    signature = shop.workspace.registry.get("payments", 1).signature
    assert signature.history is not None
    without = replace(
        signature, inputs=tuple(one for one in signature.inputs if one.name != "customer")
    )
    completer = Completer([without], shop.store)
    row: dict[str, Any] = {"customer": "c3", "at": "2025-01-21T00:00:00", "amount": 4.5}
    completer.complete([row], 0.0)
    completer.strip([row])
    assert "customer" not in row  # no version takes it
    assert "amount" in row
    assert {item.name for item in without.asked} == {"customer", "at", "amount"}
