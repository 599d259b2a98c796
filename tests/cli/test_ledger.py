from keepwell.cli.demo.ledger import Accuracy, Ledger


def test_it_scores_both_models_over_the_same_parcels() -> None:
    ledger = Ledger()
    for day in range(4):
        ledger.add(day, served=True, frozen=day < 2)
    assert ledger.over(0, 4) == Accuracy(4, 1.0, 0.5)
    assert ledger.over(2, 4) == Accuracy(2, 1.0, 0.0)


def test_days_of_which_nothing_is_known_have_no_accuracy() -> None:
    ledger = Ledger()
    assert ledger.over(0, 10) is None
    ledger.add(5, served=True, frozen=True)
    assert ledger.curve(3, 8, smooth=2) == [None, None, Accuracy(1, 1, 1), Accuracy(1, 1, 1), None]
