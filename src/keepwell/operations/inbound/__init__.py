"""What other monitoring systems tell: their alerts, as signals that the loop sees.

notices.tell("alertmanager", body)
notices.signals("churn", now)          # those that name the endpoint
notices.happenings(now)                # those about the machine: material for "why?"
"""

from keepwell.operations.inbound.notices import Notices

__all__ = ["Notices"]
