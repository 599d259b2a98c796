"""Odd rows: told from made-up ones, and from known ones where some are known."""

import numpy as np
import pytest

from keepwell.tracking.metrics.oddity import Oddities, measure_oddity

NAN = float("nan")


def test_made_up_rows_never_count_as_flagged_ones() -> None:
    truth = Oddities(made=np.array([False, False, True, True]), known=np.full(4, NAN))
    measured = measure_oddity(truth, np.array([0.1, 0.6, 0.9, 0.4]), np.arange(4))
    assert measured == {"flagged": 0.5, "made_auc": 0.75}


def test_known_rows_are_measured_as_a_classification() -> None:
    theirs = pytest.importorskip("sklearn.metrics")
    known = np.array([0.0, 1.0, 0.0, 1.0, NAN])
    odd = np.array([0.2, 0.9, 0.7, 0.4, 0.8])
    truth = Oddities(made=np.zeros(5, dtype=bool), known=known)
    measured = measure_oddity(truth, odd, np.arange(5))
    assert measured["roc_auc"] == pytest.approx(theirs.roc_auc_score(known[:4], odd[:4]))
    assert measured["recall"] == measured["precision"] == 0.5
    assert "made_auc" not in measured
