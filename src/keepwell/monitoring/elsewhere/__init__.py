"""Predictions of models that are served elsewhere: checked, and kept once, in the same log as all others.

    elsewhere.take(endpoint, [{"id": "order-17", "inputs": {…}, "prediction": "yes", "time": …}])

A program that logs them writes to an `Outbox` first, files that outlive it; a `Courier` carries them on.
"""

from keepwell.monitoring.elsewhere.courier import Courier, Delivered
from keepwell.monitoring.elsewhere.outbox import Outbox
from keepwell.monitoring.elsewhere.taking import Elsewhere, Rejected, Taken

__all__ = ["Courier", "Delivered", "Elsewhere", "Outbox", "Rejected", "Taken"]
