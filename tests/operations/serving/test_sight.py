"""The loop sees how an endpoint stands beside what the monitors report."""

from pathlib import Path

from standing_world import DAY, START, ask, open_shop

from keepwell.core.clock import ManualClock
from keepwell.operations.serving.retraining_jobs import RetrainingJobs
from keepwell.operations.serving.sight import Sight


def test_a_look_holds_the_signals_of_the_standing(tmp_path: Path) -> None:
    clock = ManualClock(START)
    with open_shop(tmp_path / "shop", clock) as shop:
        ask(shop, 0, rows=400, sure=0.4)
        clock.advance(DAY)
        shop.standings.look_at_all()
        jobs = RetrainingJobs(shop.metadata, shop.home, ["false"])
        sight = Sight(
            shop.bench,
            predictions=shop.predictions,
            measurements=shop.measurements,
            incidents=shop.incidents,
            jobs=jobs,
            collect=lambda: None,
            workers=lambda: [],
        )
        before = sight.view("shop")
        sight.beside.append(shop.standings.signals)
        after = sight.view("shop")
        jobs.close()
    assert before is not None
    assert after is not None
    kinds = {signal.kind for signal in after.signals} - {signal.kind for signal in before.signals}
    assert kinds == {"estimated_performance"}
