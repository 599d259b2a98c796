"""What this process takes is not there for children."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepwell.core.errors import TrainingError
from keepwell.training.workers.grant import LIBRARIES, OWN, Grant, free_memory, must_hold_here

MEGABYTE = 1 << 20
BYTES = st.integers(0, 1 << 36)


def test_what_this_process_comes_to_hold_is_taken_from_its_children() -> None:
    grant = Grant(8 << 30)
    before, share = grant.held, grant.left
    rows = np.ones(200 * MEGABYTE // 8)
    assert grant.held >= before + 190 * MEGABYTE
    assert grant.left <= share - 190 * MEGABYTE
    assert rows.size


@given(before=BYTES, now=BYTES, rows=BYTES, memory=BYTES)
def test_this_process_and_its_children_never_take_more_together(
    before: int, now: int, rows: int, memory: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("keepwell.training.workers.grant.resident", lambda: before)
        grant = Grant(memory, rows=rows)
        patch.setattr("keepwell.training.workers.grant.resident", lambda: now)
        assert grant.held + grant.left <= max(memory, grant.held)
        assert grant.held >= now - max(before - OWN - rows, 0)  # all but what others had it hold


@given(left=BYTES, each=st.integers(1, 1 << 34), aside=BYTES, wanted=st.integers(1, 64))
def test_only_so_many_children_are_started_as_fit_in(
    left: int, each: int, aside: int, wanted: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("keepwell.training.workers.grant.resident", lambda: OWN)
        many = Grant(OWN + left).children(wanted, each, aside)
    assert 1 <= many <= wanted
    assert many == 1 or many * each + aside <= left


def test_nothing_is_started_that_would_be_stopped_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keepwell.training.workers.grant.resident", lambda: OWN)
    Grant(OWN + LIBRARIES).must_hold_a_child()
    with pytest.raises(TrainingError, match="too little to fit anything in") as refused:
        Grant(OWN + LIBRARIES - 1).must_hold_a_child()
    assert refused.value.now is not None
    assert "under `train:`" in refused.value.now


def test_a_table_that_is_learnt_from_here_has_to_fit_in() -> None:
    must_hold_here(None, 1 << 40)
    for child, least in ((False, OWN), (True, OWN + LIBRARIES)):
        must_hold_here(least + (400 << 20), 100 << 20, child=child)
        with pytest.raises(TrainingError, match="too little for this table"):
            must_hold_here(least + (399 << 20), 100 << 20, child=child)


@pytest.mark.parametrize("child", [True, False])
def test_what_is_recommended_is_not_refused_later(
    child: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = 100 << 20
    with pytest.raises(TrainingError) as refused:
        must_hold_here(MEGABYTE, rows, child=child)
    told = int(refused.value.now.split("`memory: ")[1].split("MB`")[0]) * 1_000_000
    must_hold_here(told, rows, child=child)
    monkeypatch.setattr("keepwell.training.workers.grant.resident", lambda: OWN + 4 * rows)
    Grant(told, rows=4 * rows).must_hold_a_child()  # once the rows are prepared


def test_half_of_what_is_free_is_granted_unless_said() -> None:
    assert Grant().left == pytest.approx(free_memory(), rel=0.3)
