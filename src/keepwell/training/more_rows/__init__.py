"""Would more rows help? The winner on parts of the rows, and what may be expected of twice as many."""

from keepwell.training.more_rows.expecting import Expected, expect
from keepwell.training.more_rows.measuring import Curve, measure_curve

__all__ = ["Curve", "Expected", "expect", "measure_curve"]
