"""How an endpoint did, period by period of the time when it predicted, as outcomes come in.

Outcomes are late, by days: a period's performance is what the outcomes say that have come so far, and is
amended as more do. Beside it stand what is still to come (`maturity`) and what was estimated beforehand.
"""

from keepwell.monitoring.history.maturity import Delays
from keepwell.monitoring.history.measuring import measure_period
from keepwell.monitoring.history.periods import Period, periods_of
from keepwell.monitoring.history.point import Point
from keepwell.monitoring.history.track import Track, track_of

__all__ = ["Delays", "Period", "Point", "Track", "measure_period", "periods_of", "track_of"]
