"""What will run out, and when: a disk, the memory that a worker may have.

A forecast is made only where a series has a limit and moves towards it steadily. It says when, with an
interval, and it is kept: later it is settled whether it came true, so that everybody sees how much the
next one is worth.
"""

from keepwell.operations.forecasts.trend import Horizon, reach

__all__ = ["Horizon", "reach"]
