"""Predictions of models that are served elsewhere are kept once, or refused with the reason."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from elsewhere_world import NAME, NOW, inputs_of, told, watching
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keepwell.core.clock import ManualClock
from keepwell.core.errors import ConflictError, InvalidRequestError
from keepwell.core.identifiers import new_id
from keepwell.core.records import Endpoint
from keepwell.workspace import Workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    root: Path = tmp_path_factory.mktemp("elsewhere") / "shop"
    with watching(root, ManualClock(NOW)) as workspace:
        yield workspace


@pytest.fixture
def endpoint(workspace: Workspace) -> Endpoint:
    return workspace.endpoints.read(NAME)


def test_each_is_kept_once_by_its_own_name(workspace: Workspace, endpoint: Endpoint) -> None:
    first = workspace.elsewhere.take(endpoint, [told(1), told(2), told(1)], caller="till")
    assert (first.accepted, first.duplicate) == (2, 1)
    again = workspace.elsewhere.take(endpoint, [told(2), told(3)])
    assert (again.accepted, again.duplicate) == (1, 1)
    found = workspace.predictions.find(workspace.predictions.named(NAME, ["order-1"])["order-1"])
    assert found is not None
    assert (found.role, found.caller, found.request) == ("external", "till", "order-1")
    assert found.time == pytest.approx(NOW - 600 + 0.1)
    assert sum(found.probabilities) == pytest.approx(1)


def test_a_ulid_is_the_id_in_the_log(workspace: Workspace, endpoint: Endpoint) -> None:
    own = new_id(NOW - 100)
    item = told(10, id=own)
    del item["time"]
    for expected in ((1, 0), (0, 1)):
        taken = workspace.elsewhere.take(endpoint, [item])
        assert (taken.accepted, taken.duplicate) == expected
    found = workspace.predictions.find(own)
    assert found is not None
    assert found.time == pytest.approx(NOW - 100, abs=0.01)


def test_outcomes_come_with_it_or_later_by_the_same_name(
    workspace: Workspace, endpoint: Endpoint
) -> None:
    taken = workspace.elsewhere.take(endpoint, [told(20, outcome="yes"), told(21)])
    assert taken.outcomes == 1
    counts = workspace.feedback.record(
        NAME,
        [
            {"prediction_id": "order-21", "outcome": "no"},
            {"prediction_id": "order-20", "outcome": "no"},
            {"prediction_id": "order-none", "outcome": "no"},
        ],
    )
    assert (counts.accepted, counts.duplicate, counts.unknown) == (1, 1, 1)


def test_columns_that_the_model_does_not_take_are_left_out(
    workspace: Workspace, endpoint: Endpoint
) -> None:
    item = told(30)
    item["inputs"] = {**item["inputs"], "name": "Ada", "age": float("nan")}
    workspace.elsewhere.take(endpoint, [item])
    assert inputs_of(workspace, "order-30") == {"age": None, "plan": item["inputs"]["plan"]}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"prediction": "perhaps"}, "no class of credit/1"),
        ({"prediction": None}, "no class of"),
        ({"time": "yesterday"}, "neither Unix seconds"),
        ({"time": NOW + 1e6}, "not the past"),
        ({"version": "old"}, "no version of 'credit' is called 'old'"),
        ({"version": 9}, "has no version 9"),
        ({"score": 3}, "not the probability"),
        ({"score": None, "probabilities": [0.9, 0.3]}, "add up to 1"),
        ({"inputs": [1]}, "not an object"),
        ({"latency_ms": -1}, "not milliseconds"),
        ({"outcome": [1]}, "not a label"),
        ({"id": "x" * 300}, "at most 200"),
        ({"predicion": 1}, "did you mean 'prediction'"),
    ],
)
def test_what_cannot_be_used_is_refused_whole_or_alone(
    workspace: Workspace, endpoint: Endpoint, change: dict[str, Any], why: str
) -> None:
    good, bad = told(40, id=f"good-{why}"), {**told(41), **change}
    with pytest.raises(InvalidRequestError) as refusal:
        workspace.elsewhere.take(endpoint, [good, bad])
    assert refusal.value.what.startswith("predictions[1] cannot be used")
    assert why in refusal.value.what
    assert workspace.predictions.named(NAME, [good["id"]]) == {}
    taken = workspace.elsewhere.take(endpoint, [good, bad], partial=True)
    assert taken.accepted == 1
    assert [one.index for one in taken.rejected] == [1]
    assert why in taken.rejected[0].why


def test_a_version_is_named_as_where_it_is_served(workspace: Workspace, endpoint: Endpoint) -> None:
    assert workspace.elsewhere.take(endpoint, [told(50, version="2026-11")]).accepted == 1


def test_an_endpoint_that_answers_here_takes_none(workspace: Workspace) -> None:
    with pytest.raises(ConflictError, match="answers here"):
        workspace.elsewhere.take(Endpoint(name="shop", model="shop"), [told(1)])


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(field=st.sampled_from(sorted(told(1))), value=ANYTHING)
def test_whatever_is_told_is_kept_or_rejected(
    workspace: Workspace, endpoint: Endpoint, field: str, value: Any
) -> None:
    taken = workspace.elsewhere.take(endpoint, [{**told(60), field: value}], partial=True)
    assert taken.accepted + taken.duplicate + len(taken.rejected) == 1
    assert all(one.why for one in taken.rejected)
    assert not (
        field == "score" and isinstance(value, float) and math.isnan(value) and taken.accepted
    )
