"""A counterfactual, sent to the scorer, gets the answer that it promises; what is fixed stays."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keepwell.core.errors import InvalidRequestError
from keepwell.core.records import Column, ColumnType, Profile, Task
from keepwell.data.profiles import profile_table
from keepwell.deployment.explaining.counterfactual import Candidates, Goal, counterfactuals
from keepwell.deployment.scoring import load_scorer

Row = dict[str, Any]
KINDS = {
    "age": ColumnType.NUMBER,
    "visits": ColumnType.INTEGER,
    "member": ColumnType.BOOLEAN,
    "colour": ColumnType.CATEGORY,
    "since": ColumnType.DATETIME,
    "note": ColumnType.TEXT,
}
ROWS = st.fixed_dictionaries(
    {
        "age": st.none() | st.floats(0, 100),
        "visits": st.integers(0, 60),
        "member": st.booleans(),
        "colour": st.none() | st.sampled_from(["red", "green", "blue"]),
        "since": st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1)).map(datetime.isoformat),
        "note": st.sampled_from(["good day", "bad luck", ""]),
    }
)


def profile_of(made: Any) -> Profile:
    return profile_table(made.table, [Column(name=name, type=kind) for name, kind in KINDS.items()])


@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS])
@pytest.mark.parametrize("kind", ["tree", "linear"])
@given(row=ROWS)
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_counterfactual_changes_the_decision(
    model_of: Callable[..., Any], task: Task, kind: str, row: Row
) -> None:
    made = model_of(task, flavour=kind)
    scorer = load_scorer(made.files.__getitem__, made.signature)
    profile = profile_of(made)
    candidates = Candidates(made.signature, profile, ("member",))
    before = scorer.rows([row]).predictions[0]
    found = counterfactuals(scorer, candidates, row, Goal())
    assert found.prediction == before
    assert bool(found.found) != bool(found.note)
    assert len(found.found) <= 3
    for one in found.found:
        changed = {**row, **{it.column: it.after for it in one.changes}}
        after = scorer.rows([changed]).predictions[0]
        assert after != before
        assert after == one.prediction
        columns = {it.column for it in one.changes}
        assert not columns & {"member", "note"}
        for it in one.changes:
            assert it.before == row[it.column]
            if it.column in ("age", "visits"):
                known = profile.column(it.column)
                assert known is not None
                assert known.quantiles[0] <= it.after <= known.quantiles[-1]
            if it.column == "colour":
                assert it.after in {label for label, _ in known_labels(profile)}
    sets = [frozenset(it.column for it in one.changes) for one in found.found]
    assert len(set(sets)) == len(sets)
    assert [len(one) for one in sets] == sorted(len(one) for one in sets)


def known_labels(profile: Profile) -> tuple[tuple[str, int], ...]:
    found = profile.column("colour")
    assert found is not None
    return found.top


@pytest.fixture
def case(model_of: Callable[..., Any]) -> Any:
    made = model_of(Task.BINARY, flavour="linear")
    scorer = load_scorer(made.files.__getitem__, made.signature)
    row = {
        "age": 30.0,
        "visits": 3,
        "member": True,
        "colour": "red",
        "since": "2020-01-01",
        "note": "",
    }
    return scorer, Candidates(made.signature, profile_of(made)), row


def test_says_when_the_answer_is_already_as_wanted(case: Any) -> None:
    scorer, candidates, row = case
    answer = scorer.rows([row]).predictions[0]
    found = counterfactuals(scorer, candidates, row, Goal(label=answer))
    assert found.found == ()
    assert found.note.startswith("the answer already is")


def test_refuses_goals_that_there_are_not(case: Any) -> None:
    scorer, candidates, row = case
    with pytest.raises(InvalidRequestError, match="no class 'perhaps'"):
        counterfactuals(scorer, candidates, row, Goal(label="perhaps"))
    with pytest.raises(InvalidRequestError, match="no number"):
        counterfactuals(scorer, candidates, row, Goal(least=1.0))


def test_a_number_is_brought_into_the_range_that_is_wanted(model_of: Callable[..., Any]) -> None:
    made = model_of(Task.REGRESSION, flavour="tree")
    scorer = load_scorer(made.files.__getitem__, made.signature)
    candidates = Candidates(made.signature, profile_of(made))
    rows = [
        {name: str(value) if name == "since" else value for name, value in row.items()}
        for row in made.table.select(list(KINDS)).slice(0, 40).to_pylist()
    ]
    said = [(scorer.rows([row]).predictions[0], at) for at, row in enumerate(rows)]
    low, lowest = min(said)
    high, _ = max(said)
    wanted = (low + high) / 2
    found = counterfactuals(scorer, candidates, rows[lowest], Goal(least=wanted))
    assert found.found
    assert all(one.prediction >= wanted for one in found.found)
    with pytest.raises(InvalidRequestError, match="is wanted is not said"):
        counterfactuals(scorer, candidates, rows[lowest], Goal())


def test_nothing_can_change_where_everything_is_fixed(case: Any) -> None:
    scorer, _, row = case
    fixed = Candidates(scorer.signature, None, tuple(KINDS))
    found = counterfactuals(scorer, fixed, row, Goal())
    assert found.found == ()
    assert found.note.startswith("no change of up to 5 columns")
