"""SHAP adds up to the model; LIME says how well it fits; without the extra an error names it."""

import math
import sys
from collections.abc import Callable
from typing import Any

import pytest

from keepwell.core.errors import InvalidRequestError, UnavailableError
from keepwell.core.records import Column, ColumnType, Task
from keepwell.data.profiles import profile_table
from keepwell.deployment.explaining import Explainer, typical_rows

KINDS = {
    "age": ColumnType.NUMBER,
    "visits": ColumnType.INTEGER,
    "member": ColumnType.BOOLEAN,
    "colour": ColumnType.CATEGORY,
    "since": ColumnType.DATETIME,
    "note": ColumnType.TEXT,
}
ROW = {
    "age": 63.0, "visits": 44, "member": True, "colour": "red", "since": "2019-03-01", "note": "good day",
}  # fmt: skip


def explainer_of(made: Any) -> Explainer:
    columns = [Column(name=name, type=kind) for name, kind in KINDS.items()]
    typical = typical_rows(made.signature, profile_table(made.table, columns))
    return Explainer.load(made.files.__getitem__, made.signature, typical)


@pytest.mark.parametrize("task", [Task.BINARY, Task.REGRESSION])
def test_shap_adds_up_to_the_models_answer(model_of: Callable[..., Any], task: Task) -> None:
    found = explainer_of(model_of(task)).explain([ROW], method="shap")[0]
    total = found.base + math.fsum(one.contribution for one in found.contributions)
    answer = found.prediction if task is Task.REGRESSION else found.probability
    assert total == pytest.approx(answer, abs=1e-9)
    assert (found.method, found.exact) == ("shap", False)


def test_shap_agrees_with_our_own_sampling(model_of: Callable[..., Any]) -> None:
    explainer = explainer_of(model_of(Task.REGRESSION))
    theirs = explainer.explain([ROW], method="shap")[0]
    ours = explainer.explain([ROW], method="sampled")[0]
    known = {one.column: one for one in ours.contributions}
    for one in theirs.contributions:
        mine = known[one.column]
        assert one.contribution == pytest.approx(mine.contribution, abs=0.2 * abs(ours.output))


def test_lime_gives_weights_and_how_well_they_fit(model_of: Callable[..., Any]) -> None:
    explainer = explainer_of(model_of(Task.BINARY))
    found = explainer.explain([ROW], method="lime")[0]
    assert found.fidelity is not None
    assert 0 < found.fidelity <= 1
    assert found.output == pytest.approx(
        found.base + math.fsum(one.contribution for one in found.contributions)
    )
    assert {one.column for one in found.contributions} == set(KINDS)
    assert found.contributions[0].column in ("age", "visits")
    assert explainer.explain([ROW], method="lime")[0] == found


def test_lime_says_what_it_could_not_vary(model_of: Callable[..., Any]) -> None:
    found = explainer_of(model_of(Task.BINARY)).explain([{**ROW, "age": None}], method="lime")[0]
    assert any("left it as it is: age" in warning for warning in found.warnings)
    assert next(one for one in found.contributions if one.column == "age").contribution == 0.0


@pytest.mark.parametrize("name", ["shap", "lime"])
def test_names_the_extra_that_is_missing(
    model_of: Callable[..., Any], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (name, f"{name}.lime_tabular"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UnavailableError, match=f"'{name}' is not installed") as raised:
        explainer_of(model_of()).explain([ROW], method=name)
    assert "keepwell[explain]" in raised.value.now


def test_refuses_methods_that_there_are_not(model_of: Callable[..., Any]) -> None:
    with pytest.raises(InvalidRequestError, match="no method 'sharp'"):
        explainer_of(model_of()).explain([ROW], method="sharp")
