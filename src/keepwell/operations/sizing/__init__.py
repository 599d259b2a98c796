"""How many workers are worth having: from what was used, what is expected, and what it costs.

    advice = advise(workspace_parts)      # each part of the data plane: how many, how many would do, why
    advice.pools, advice.workers          # what `apply` would ask for

Use is measured in processors: the processor seconds that a second of traffic takes. A worker is one process
and fills one processor at most, so as many are needed as the busiest minute fills, with room left over.
"""

from keepwell.operations.sizing.advice import Advice, Part, advise
from keepwell.operations.sizing.gathering import apply, gather
from keepwell.operations.sizing.hours import Hours

__all__ = ["Advice", "Hours", "Part", "advise", "apply", "gather"]
