from dataclasses import replace

from keepwell.cli.demo.ledger import Ledger
from keepwell.cli.demo.verdict import Moments, is_back, judge

MOMENTS = Moments(start=0, change=10, found=12.0, promoted=20.0, recovered=24.0, end=40)


def played(*, healed: float = 0.9, frozen: float = 0.5) -> Ledger:
    ledger = Ledger()
    for day in range(40):
        live = 0.9 if day < 10 else 0.5 if day < 20 else healed
        still = 0.9 if day < 10 else frozen
        for place in range(100):
            ledger.add(day, served=place < 100 * live, frozen=place < 100 * still)
    return ledger


def test_a_healed_model_is_told_by_its_numbers() -> None:
    verdict = judge(played(), MOMENTS, last_days=10)
    assert verdict.is_healed
    assert (verdict.before, verdict.broken) == (0.9, 0.5)
    assert verdict.healed is not None
    assert (verdict.healed.served, verdict.healed.frozen, verdict.healed.parcels) == (
        0.9,
        0.5,
        1000,
    )


def test_it_is_not_healed_if_frozen_would_have_done_as_well() -> None:
    verdict = judge(played(frozen=0.88), MOMENTS, last_days=10)
    assert "not clearly better" in verdict.reasons[0]


def test_it_is_not_healed_if_much_was_lost() -> None:
    verdict = judge(played(healed=0.7), MOMENTS, last_days=10)
    assert verdict.reasons == ("accuracy is 70.0% at the end and was 90.0% before",)


def test_each_missing_moment_is_a_reason() -> None:
    def reason(moments: Moments) -> str:
        return judge(played(), moments, last_days=10).reasons[0]

    assert "monitors did not find" in reason(
        replace(MOMENTS, found=None, promoted=None, recovered=None)
    )
    assert "no new version" in reason(replace(MOMENTS, promoted=None, recovered=None))
    assert "closed as healed" in reason(replace(MOMENTS, recovered=None))


def test_nothing_known_is_not_healed() -> None:
    assert not judge(Ledger(), MOMENTS, last_days=10).is_healed


def test_accuracy_is_back_when_the_newest_known_days_say_so() -> None:
    ledger = played(healed=0.85)
    assert not is_back(ledger, 0, 10, 15.0)
    assert is_back(ledger, 0, 10, 25.0)
    assert not is_back(Ledger(), 0, 10, 25.0)
