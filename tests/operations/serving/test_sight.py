"""The loop sees how an endpoint stands beside what the monitors report."""

import time
from pathlib import Path

import pytest
from outside import customers
from standing_world import DAY, START, ask, open_shop, tell

from keepwell.core.clock import ManualClock
from keepwell.operations.serving.retraining_jobs import RetrainingJobs
from keepwell.operations.serving.sight import Sight
from keepwell.workspace import Workspace


def sight_of(shop: Workspace, jobs: RetrainingJobs) -> Sight:
    return Sight(
        shop.bench,
        predictions=shop.predictions,
        measurements=shop.measurements,
        incidents=shop.incidents,
        jobs=jobs,
        collect=lambda: None,
        workers=lambda: [],
    )


@pytest.mark.parametrize("by_hand", [True, False])
def test_only_a_clock_that_cannot_be_set_tells_sleep_from_time(
    tmp_path: Path, by_hand: bool
) -> None:
    clock = ManualClock(START)
    with open_shop(tmp_path / "shop", clock) as shop:
        jobs = RetrainingJobs(shop.metadata, shop.home, ["false"])
        sight = sight_of(shop, jobs)
        assert sight.steady is time.monotonic, "unless time is moved by hand"
        sight.steady = clock.now if by_hand else lambda: 0.0
        first = sight.view("shop")
        clock.advance(DAY)
        second = sight.view("shop")
        clock.set(START + DAY / 2)
        third = sight.view("shop")
        jobs.close()
    assert first is not None
    assert second is not None
    assert third is not None
    assert (first.begun, first.gaps) == (START, ())
    # The machine slept for a day, by what its other clock says; or a day went by.
    assert second.gaps == (() if by_hand else ((START, START + DAY),))
    assert second.begun == START
    # A clock that is set back is believed to be so only where the other one is another one.
    assert third.begun == (START if by_hand else START + DAY / 2)


def test_a_look_holds_the_signals_of_the_standing(tmp_path: Path) -> None:
    clock = ManualClock(START)
    with open_shop(tmp_path / "shop", clock) as shop:
        ask(shop, 0, rows=400, sure=0.4)
        clock.advance(DAY)
        shop.standings.look_at_all()
        jobs = RetrainingJobs(shop.metadata, shop.home, ["false"])
        sight = sight_of(shop, jobs)
        before = sight.view("shop")
        sight.beside.append(shop.standings.signals)
        after = sight.view("shop")
        jobs.close()
    assert before is not None
    assert after is not None
    kinds = {signal.kind for signal in after.signals} - {signal.kind for signal in before.signals}
    assert kinds == {"estimated_performance"}


def test_rows_are_counted_against_what_the_champion_knew(tmp_path: Path) -> None:
    clock = ManualClock(START)
    with open_shop(tmp_path / "shop", clock) as shop:
        jobs = RetrainingJobs(shop.metadata, shop.home, ["false"])
        clock.advance(2 * DAY)
        tell(shop, ask(shop, -1, rows=30) + ask(shop, 1, rows=100), days=0.001)
        brought = sight_of(shop, jobs).view("shop")
        root = tmp_path / "shop"
        (root / "shop.csv").write_text(customers(50))
        shop.datasets.ingest("shop", "shop.csv", root=root, contract=root / "contract.yaml")
        known = sight_of(shop, jobs).view("shop")
        jobs.close()
    assert brought is not None
    assert (brought.labels, brought.learnt) == (100, 0), "no data of its own"
    assert known is not None
    assert (known.labels, known.known, known.learnt) == (100, 180, 80)
