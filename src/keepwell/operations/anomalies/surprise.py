"""How rare an oddness is, by the series' own past."""

import math

from keepwell.operations.anomalies.window import SortedWindow

REMEMBERED = 5000
"""Values against which a new one is held."""

_FEW = 30  # values; before there are so many nothing is rare
_BEYOND = 2.0  # by how much a value larger than all before counts, for each factor of ten


class Surprise:
    """Turns oddness into surprise: 2 is what one value in a hundred reaches, 3 one in a thousand.

    A conformal p-value (Vovk, Gammerman, Shafer 2005) of a number against those before it, as minus log10.
    What is larger than all that ever was counts more, by how much larger it is.
    """

    def __init__(self) -> None:
        self._past = SortedWindow(REMEMBERED)

    def of(self, oddness: float) -> float:
        """Return the surprise of a number (0 or more), and remember it."""
        past, surprise = self._past, 0.0
        if len(past) >= _FEW:
            above = past.at_least(oddness)
            surprise = -math.log10((above + 1) / (len(past) + 1))
            if above == 0 and 0 < past.largest < oddness:
                surprise += _BEYOND * math.log10(oddness / past.largest)
        past.add(oddness)
        return surprise
