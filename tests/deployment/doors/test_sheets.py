"""CSV in, CSV out; and a row in an address."""

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.records import ColumnType, Field
from keepwell.features.written import written_reader

Row = dict[str, Any]


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_is_answered_in_csv(served: Any, a_row: Row) -> None:
    text = (
        "customer,age,visits,member,colour,since,note\r\n"
        'me,41.5,12,true,red,2020-02-29T12:00:00,"good, luck"\r\n'
        "you,,12,no,,2020-02-29,\r\n"
    )
    headers = {"content-type": "text/csv"}
    answer = served.client.post("/endpoints/churn/predict", content=text, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["x-model-version"] == "1"
    told = rows_of(answer.text)
    expected = served.predict(
        [
            a_row | {"note": "good, luck"},
            a_row
            | {"age": None, "member": False, "colour": None, "since": "2020-02-29", "note": ""},
        ]
    ).json()
    assert [row["prediction"] for row in told] == expected["predictions"]
    assert [float(row["probability_Yes"]) for row in told] == [
        row["Yes"] for row in expected["probabilities"]
    ]
    logged = {row.id: row for row in served.house.logged()}
    first = logged[told[0]["prediction_id"]]
    assert (first.key, json.loads(first.inputs)["age"], told[0]["model_version"]) == (
        "me",
        41.5,
        "1",
    )


def test_either_form_may_be_answered_in_the_other(served: Any, a_row: Row) -> None:
    sent = json.dumps({"instances": [a_row]})
    answer = served.client.post(
        "/endpoints/churn/predict", content=sent, headers={"accept": "text/csv"}
    )
    assert rows_of(answer.text)[0]["prediction"] in ("No", "Yes")
    text = ";".join(a_row) + "\n" + ";".join(map(str, a_row.values()))
    both = {"content-type": "text/csv", "accept": "application/json"}
    answer = served.client.post("/endpoints/churn/predict", content=text, headers=both)
    assert answer.json()["predictions"] == served.predict([a_row]).json()["predictions"]


def test_a_spreadsheet_fetches_one_row(served: Any, a_row: Row) -> None:
    address = "/endpoints/churn/predict.csv"
    written = {name: str(value) for name, value in a_row.items()}
    answer = served.client.get(address, params=written | {"customer": "sheet"})
    assert answer.status_code == 200, answer.text
    row = rows_of(answer.text)[0]
    expected = served.predict([a_row]).json()
    assert row["prediction"] == expected["predictions"][0]
    assert answer.headers["cache-control"] == "no-store"
    logged = {one.id: one for one in served.house.logged()}
    assert logged[row["prediction_id"]].key == "sheet"
    only = served.client.get(address, params=written | {"only": "prediction"})
    assert only.text == expected["predictions"][0]
    share = served.client.get(address, params=written | {"only": "Yes"})
    assert float(share.text) == expected["probabilities"][0]["Yes"]


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("visits=many&since=2020-01-01&member=1&note=", 422, "'visits'"),
        ("visits=1&visits=2", 400, "'visits'"),
        ("visits=%ff", 400, "address"),
        ("", 422, "'visits'"),
        ("visits=" + "9" * 5000, 422, "'visits'"),
    ],
)
def test_a_bad_address_is_refused(served: Any, query: str, status: int, words: str) -> None:
    answer = served.client.get(f"/endpoints/churn/predict.csv?{query}")
    assert (answer.status_code, words in answer.json()["what"]) == (status, True), answer.text


def test_an_answer_that_is_not_there_is_named(served: Any, a_row: Row) -> None:
    written = {name: str(value) for name, value in a_row.items()}
    answer = served.client.get("/endpoints/churn/predict.csv", params=written | {"only": "yes"})
    assert answer.status_code == 422
    assert "'yes'" in answer.json()["what"]
    assert answer.json()["now"] == "did you mean 'Yes'?"
    assert served.client.post("/endpoints/churn/predict.csv").status_code == 405


def test_cells_are_read_as_their_column() -> None:
    fields = [Field(name=kind.value, type=kind) for kind in ColumnType]
    read = written_reader(fields)
    assert read({"number": " 1.5 ", "integer": "12", "boolean": "Yes", "category": "7"}) == {
        "number": 1.5, "integer": 12, "boolean": True, "category": "7",
    }  # fmt: skip
    assert read({"number": "NA", "boolean": "", "category": "", "datetime": "", "text": ""}) == {
        "number": None, "boolean": None, "category": None, "datetime": None, "text": "",
    }  # fmt: skip
    assert read({"number": "1_0", "boolean": "maybe", "x": "1"}) == {
        "number": "1_0", "boolean": "maybe", "x": "1",
    }  # fmt: skip


@given(text=st.text(max_size=12), kind=st.sampled_from(ColumnType))
@settings(max_examples=60, deadline=None)
def test_any_text_is_read_or_left(text: str, kind: ColumnType) -> None:
    value = written_reader([Field(name="x", type=kind)])({"x": text})["x"]
    assert value is None or value == text or isinstance(value, int | float | bool)


def test_the_schema_describes_what_is_taken(served: Any, a_row: Row) -> None:
    import jsonschema

    schema = served.client.get("/endpoints/churn/schema").json()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate({"instances": [a_row, a_row | {"age": None, "colour": None}]})
    validator.validate(schema["examples"][0])
    assert served.predict(schema["examples"][0]["instances"]).status_code == 200
    for wrong in ({"visits": "12"}, {"visits": None}, {"member": "perhaps"}, {"note": 3}):
        assert not validator.is_valid({"instances": [a_row | wrong]}), wrong
        assert served.predict([a_row | wrong]).status_code == 422, wrong
