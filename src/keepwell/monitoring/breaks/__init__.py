"""Columns that broke at one moment: they stand still, or come in another unit.

    find_breaks(log, watched, scope, columns)

Drift looks alike whether the world moved or a column broke, and only one of them is to be learnt. So the
newest rows of a column that drifted are looked at by themselves: from the moment of a break on they all bear
it, however many sound ones the window still holds.
"""

from keepwell.monitoring.breaks.finding import find_breaks, without_symptoms

__all__ = ["find_breaks", "without_symptoms"]
