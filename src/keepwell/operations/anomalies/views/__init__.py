"""Ways to look at a value of a series, one file each.

Law, tested over all: a view answers a finite number, 0 or more; a series that never changes looks odd
nowhere; values that are all moved by the same amount look as odd as before; memory is bounded.
"""

from keepwell.operations.anomalies.views.base import View
from keepwell.operations.anomalies.views.jump import Jump
from keepwell.operations.anomalies.views.level import Level
from keepwell.operations.anomalies.views.season import Season
from keepwell.operations.anomalies.views.shift import Shift
from keepwell.operations.anomalies.views.spike import Spike

VIEWS: tuple[type[View], ...] = (Spike, Shift, Season, Jump, Level)

__all__ = ["VIEWS", "Season", "View"]
