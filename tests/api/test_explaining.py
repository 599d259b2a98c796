"""Why an endpoint answered what it answered, over HTTP and on the command line."""

import json
import math
import time
from collections.abc import Iterator
from typing import Any

import pytest
from console_customers import NAME
from live_world import A_CUSTOMER, Live, front, live
from starlette.testclient import TestClient

from keepwell.cli.application import call
from keepwell.core.errors import UsageError
from keepwell.core.identifiers import new_id
from keepwell.core.records import Prediction
from keepwell.infrastructure.codec import to_plain
from keepwell.infrastructure.segments import SegmentWriter, encode_prediction

PATH = f"/endpoints/{NAME}/explain"


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    made = live(tmp_path_factory.mktemp("live") / "churn", time.time())
    yield made
    made.workspace.close()


@pytest.fixture
def asking(company: Live) -> TestClient:
    return TestClient(front(company), base_url="http://127.0.0.1:4400")


def explain(asking: TestClient, body: Any) -> Any:
    answer = asking.post(PATH, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["explanations"]


def test_a_row_is_explained(company: Live, asking: TestClient) -> None:
    said = explain(asking, {"instances": [A_CUSTOMER | {"customerID": "x"}]})[0]
    answered = company.predict(A_CUSTOMER)
    assert said["prediction"] == answered["predictions"][0]
    assert (said["class"], said["scale"], said["method"]) == ("Yes", "log-odds", "tree-shap")
    assert said["probability"] == answered["probabilities"][0]["Yes"]
    total = said["base"] + math.fsum(one["contribution"] for one in said["contributions"])
    assert total == pytest.approx(said["output"], abs=1e-9)
    assert 1 / (1 + math.exp(-total)) == pytest.approx(said["probability"], abs=1e-9)
    told = {one["column"]: one["value"] for one in said["contributions"]}
    assert told == A_CUSTOMER
    assert said["model"] == {"name": NAME, "version": 1}


def test_a_past_prediction_is_explained_by_its_version_then(
    company: Live, asking: TestClient
) -> None:
    answered = company.predict(A_CUSTOMER, A_CUSTOMER | {"tenure": 60})
    workspace = company.workspace
    workspace.endpoints.deploy(NAME, NAME, company.second.version, why="newer")
    company.follow()
    try:
        said = explain(asking, {"prediction_ids": answered["prediction_ids"]})
        now = explain(asking, {"instances": [A_CUSTOMER]})[0]
        old = explain(asking, {"instances": [A_CUSTOMER], "version": 1})[0]
    finally:
        workspace.endpoints.deploy(NAME, NAME, company.first.version, why="back")
        company.follow()
    assert [one["prediction_id"] for one in said] == answered["prediction_ids"]
    assert [one["model"]["version"] for one in said] == [1, 1]
    assert [one["prediction"] for one in said] == answered["predictions"]
    assert said[0]["probability"] == answered["probabilities"][0]["Yes"]
    assert now["model"]["version"] == 2
    assert now["output"] != said[0]["output"]
    assert old["contributions"] == said[0]["contributions"]


def logged(company: Live, inputs: dict[str, Any], prediction: str) -> str:
    """Leave a prediction in the log, and return its id."""
    identifier = new_id(time.time())
    row = Prediction(
        id=identifier,
        time=time.time(),
        endpoint=NAME,
        model=NAME,
        version=1,
        role="champion",
        request=identifier,
        key="",
        inputs=json.dumps(inputs),
        prediction=json.dumps(prediction),
    )
    writer = SegmentWriter(company.workspace.home / "serving" / "segments", "worker-7")
    writer.append(encode_prediction(to_plain(row)))
    writer.close()
    return identifier


def test_a_row_that_was_logged_in_part_is_told(company: Live, asking: TestClient) -> None:
    answered = explain(asking, {"instances": [A_CUSTOMER]})[0]["prediction"]
    other = "No" if answered == "Yes" else "Yes"
    some = {name: value for name, value in A_CUSTOMER.items() if name != "TotalCharges"}
    said = explain(asking, {"prediction_ids": [logged(company, some, other)]})[0]
    assert "redacted" in said["warnings"][0]
    less = {name: value for name, value in A_CUSTOMER.items() if name != "Contract"}
    body = {"prediction_ids": [logged(company, less, other)]}
    answer = asking.post(PATH, json=body)
    assert answer.status_code == 422
    assert "logged without 'Contract'" in answer.json()["what"]


BAD: dict[str, tuple[Any, int, str]] = {
    "no object": ([1], 422, "object"),
    "nothing": ({}, 422, "'instances'"),
    "both": ({"instances": [], "prediction_ids": []}, 422, "'instances'"),
    "misspelt": ({"prediction_id": "x"}, 422, "'prediction_id'"),
    "rows": ({"instances": [1]}, 422, "'instances'"),
    "ids": ({"prediction_ids": "x"}, 422, "'prediction_ids'"),
    "unknown": ({"prediction_ids": ["01KFN3C8Q4T5D8Z7W9R2M1XYZA"]}, 404, "01KFN3C8Q4T5D8Z7W9R2M1XYZA"),
    "no id": ({"prediction_ids": ["' OR 1=1"]}, 404, "OR 1=1"),
    "too many": ({"prediction_ids": ["x"] * 101}, 422, "101"),
    "version": ({"instances": [], "version": "two"}, 422, "'version'"),
    "no version": ({"instances": [], "version": 9}, 404, "9"),
    "class": ({"instances": [A_CUSTOMER], "class": "yes"}, 422, "'yes'"),
    "cell": ({"instances": [A_CUSTOMER | {"tenure": "long"}]}, 422, "'tenure'"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_explained_is_refused_by_name(asking: TestClient, name: str) -> None:
    body, status, words = BAD[name]
    answer = asking.post(PATH, json=body)
    assert answer.status_code == status, answer.text
    assert words in answer.json()["what"]


def test_an_endpoint_that_is_not_there(asking: TestClient) -> None:
    assert asking.post("/endpoints/nobody/explain", json={"instances": []}).status_code == 404
    assert asking.post(PATH, content=b"{").status_code == 400
    assert asking.post(PATH, content=b"[" * 100_000).status_code == 400


def test_the_command_draws_what_the_door_says(
    company: Live, asking: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    root = str(company.workspace.root)
    row = json.dumps(A_CUSTOMER)
    call(["explain", row, "-C", root, "--json"])
    document = json.loads(capsys.readouterr().out)["explanations"][0]
    assert document == explain(asking, {"instances": [A_CUSTOMER]})[0]
    call(["explain", row, "-C", root])
    drawn = capsys.readouterr().out
    assert document["reasons"][0] in drawn
    assert "│█" in drawn or "█│" in drawn
    assert "log-odds of Yes" in drawn
    identifier = company.predict(A_CUSTOMER)["prediction_ids"][0]
    call(["explain", identifier, "-C", root, "--class", "No", "--json"])
    other = json.loads(capsys.readouterr().out)["explanations"][0]
    assert (other["class"], other["output"]) == ("No", -document["output"])
    assert other["prediction_id"] == identifier


def test_tells_what_would_have_changed_the_decision(company: Live, asking: TestClient) -> None:
    answered = company.predict(A_CUSTOMER)
    body = {"instances": [A_CUSTOMER], "counterfactual": True, "immutable": ["Contract"]}
    said = explain(asking, body)[0]["counterfactual"]
    assert said["prediction"] == answered["predictions"][0]
    assert said["counterfactuals"] or said["note"]
    for one in said["counterfactuals"]:
        changed = A_CUSTOMER | {it["column"]: it["to"] for it in one["changes"]}
        assert "Contract" not in {it["column"] for it in one["changes"]}
        assert company.predict(changed)["predictions"] == [one["prediction"]]
        assert one["prediction"] != said["prediction"]
    by_id = {"prediction_ids": answered["prediction_ids"], "counterfactual": True}
    past = explain(asking, by_id)[0]["counterfactual"]
    assert past["prediction_id"] == answered["prediction_ids"][0]
    assert past["counterfactuals"], past


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "goal alone": ({"goal": "No"}, "'goal'"),
    "goal": ({"counterfactual": True, "goal": "perhaps"}, "'perhaps'"),
    "a list": ({"counterfactual": True, "goal": []}, "'goal'"),
    "range": ({"counterfactual": True, "at_least": 3}, "no number"),
    "number": ({"counterfactual": True, "at_most": "3"}, "'at_most'"),
    "fixed": ({"counterfactual": True, "immutable": ["tenur"]}, "'tenur'"),
    "fixed text": ({"counterfactual": True, "immutable": "tenure"}, "'immutable'"),
    "switch": ({"counterfactual": "yes"}, "'counterfactual'"),
    "method": ({"method": "sharp"}, "'sharp'"),
    "no method": ({"method": 3}, "'method'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_changed_is_refused_by_name(asking: TestClient, name: str) -> None:
    more, words = WRONG[name]
    answer = asking.post(PATH, json={"instances": [A_CUSTOMER], **more})
    assert answer.status_code == 422, answer.text
    assert words in answer.json()["what"]


def test_the_command_tells_changes_the_whole_model_and_other_methods(
    company: Live, capsys: pytest.CaptureFixture[str]
) -> None:
    root, row = str(company.workspace.root), json.dumps(A_CUSTOMER)
    call(["explain", row, "-C", root, "--counterfactual", "--fixed", "Contract", "--json"])
    document = json.loads(capsys.readouterr().out)["counterfactuals"][0]
    call(["explain", row, "-C", root, "--fixed", "Contract"])
    drawn = " ".join(capsys.readouterr().out.split())
    for one in document["counterfactuals"]:
        assert one["words"] in drawn
    call(["explain", row, "-C", root, "--method", "sampled"])
    assert "± is the standard error" in capsys.readouterr().out
    with pytest.raises(UsageError, match="what is to be explained is not clear"):
        call(["explain", "-C", root])
