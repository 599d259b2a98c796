"""MLflow's protocol, asked by MLflow's own client and by hand."""

import importlib
import json
import warnings
from typing import Any

import pytest

Row = dict[str, Any]


@pytest.fixture
def client(served: Any) -> Any:
    with warnings.catch_warnings():  # of the client's own, at its import
        warnings.simplefilter("ignore")
        theirs: Any = importlib.import_module("mlflow.pyfunc.scoring_server.client")

    return theirs.ScoringServerClient("127.0.0.1", f"{served.supervisor.port}/endpoints/churn")


def invoke(served: Any, body: Any, kind: str = "application/json") -> Any:
    content = body if isinstance(body, str | bytes) else json.dumps(body)
    return served.client.post(
        "/endpoints/churn/invocations", content=content, headers={"content-type": kind}
    )


@pytest.fixture
def two(a_row: Row) -> list[Row]:
    return [a_row, a_row | {"visits": 49, "age": 70.0, "colour": "blue"}]


def test_mlflows_client_gets_what_our_own_door_says(
    served: Any, client: Any, two: list[Row]
) -> None:
    expected = served.predict(two).json()
    client.ping()
    assert client.get_version()
    import pandas as pd

    frame = pd.DataFrame(two)
    answer = client.invoke(frame)
    assert answer.get_predictions()[0].tolist() == expected["predictions"]
    assert answer["probabilities"] == expected["probabilities"]
    logged = {row.id: row for row in served.house.logged()}
    assert json.loads(logged[answer["prediction_ids"][1]].inputs)["visits"] == 49


def test_mlflows_client_may_send_gaps_as_nan(served: Any, client: Any, two: list[Row]) -> None:
    import pandas as pd

    frame = pd.DataFrame([two[0] | {"age": float("nan")}, two[1]])
    expected = served.predict([two[0] | {"age": None}, two[1]]).json()
    assert client.invoke(frame)["probabilities"] == expected["probabilities"]


def test_every_form_means_the_same(served: Any, two: list[Row]) -> None:
    names = list(two[0])
    cells = [[row[name] for name in names] for row in two]
    columns = {name: [row[name] for row in two] for name in names}
    text = ",".join(names) + "\n" + "\n".join(",".join(map(str, row)) for row in cells)
    answers = [
        invoke(served, {"dataframe_split": {"columns": names, "data": cells, "index": [0, 1]}}),
        invoke(served, {"dataframe_records": two}),
        invoke(served, {"instances": two}),
        invoke(served, {"instances": cells}),
        invoke(served, {"instances": columns}),
        invoke(served, {"inputs": columns}),
        invoke(served, {"inputs": {name: [[cell] for cell in c] for name, c in columns.items()}}),
        invoke(served, {"inputs": cells}),
        invoke(served, text, "text/csv; charset=utf-8"),
    ]
    assert [answer.status_code for answer in answers] == [200] * len(answers)
    likely = served.predict(two).json()["probabilities"]
    assert [answer.json()["probabilities"] for answer in answers] == [likely] * len(answers)


def test_params_are_ignored_with_a_note(served: Any, two: list[Row]) -> None:
    answer = invoke(served, {"dataframe_records": two, "params": {"temperature": 2}}).json()
    assert len(answer["predictions"]) == 2
    assert "'params'" in answer["warnings"][0]


BAD: dict[str, tuple[Any, str, int, str]] = {
    "nothing": ({}, "application/json", 422, "no rows"),
    "misspelt": ({"dataframe_record": []}, "application/json", 422, "no rows"),
    "two forms": ({"inputs": [], "instances": []}, "application/json", 422, "instances and inputs"),
    "no object": ([1], "application/json", 422, "object"),
    "no json": ('{"a": 1,}', "application/json", 400, "line 1"),
    "NaN alone": ("NaN", "application/json", 400, "JSON"),
    "split": ({"dataframe_split": {"data": []}}, "application/json", 422, "dataframe_split"),
    "names": (
        {"dataframe_split": {"columns": [1], "data": []}}, "application/json", 422, "split.columns",
    ),
    "ragged": (
        {"dataframe_split": {"columns": ["a"], "data": [[1], [1, 2]]}},
        "application/json", 422, "dataframe_split.data[1]",
    ),
    "record": ({"dataframe_records": [1]}, "application/json", 422, "dataframe_records[0]"),
    "uneven": ({"inputs": {"a": [1], "b": []}}, "application/json", 422, "inputs['b']"),
    "scalar": ({"inputs": {"a": 1}}, "application/json", 422, "inputs['a']"),
    "flat": ({"inputs": [1, 2]}, "application/json", 422, "inputs[0]"),
    "wrong cell": ({"instances": [{"visits": "x"}]}, "application/json", 422, "'visits'"),
    "kind": ("x", "text/html", 415, "text/html"),
    "ragged csv": ("a,b\n1,2,3\n", "text/csv", 422, "line 2"),
    "quote": ('a,b\n"1,2\n', "text/csv", 400, "CSV"),
    "twice": ("a,a\n1,2\n", "text/csv", 400, "CSV"),
    "bytes": (b"a\n\xff\n", "text/csv", 400, "CSV"),
    "empty csv": ("", "text/csv", 400, "CSV"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_does_not_fit_is_refused_in_mlflows_words_and_ours(served: Any, name: str) -> None:
    body, kind, status, words = BAD[name]
    pid = served.supervisor.workers()[0].pid
    answer = invoke(served, body, kind)
    assert answer.status_code == status, answer.text
    document = answer.json()
    assert words in document["what"]
    assert document["what"] in document["message"]
    assert document["error_code"] == "BAD_REQUEST"
    assert served.supervisor.workers()[0].pid == pid


def test_an_endpoint_that_is_not_there(served: Any) -> None:
    assert served.client.get("/endpoints/nobody/ping").status_code == 404
    assert served.client.get("/endpoints/empty/ping").status_code == 503
    answer = served.client.post("/endpoints/nobody/invocations", json={"inputs": []})
    assert (answer.status_code, answer.json()["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert served.client.get("/endpoints/churn/invocations").status_code == 405
