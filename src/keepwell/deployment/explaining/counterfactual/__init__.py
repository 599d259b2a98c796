"""What would have changed the decision: the fewest and smallest changes to a row.

After Wachter, Mittelstadt and Russell 2017 (the nearest row with another answer) and DiCE (Mothilal, Sharma
and Tan 2020: several that differ, sparse, within what was seen). The search is our own: it asks the scorer
for all single changes at once, goes on from the best of them, and then makes each change as small as the
scorer allows.

Law: every counterfactual, sent to the scorer, gets the answer that it promises.
"""

from keepwell.deployment.explaining.counterfactual.candidates import Candidates
from keepwell.deployment.explaining.counterfactual.finding import (
    Change,
    Counterfactual,
    Counterfactuals,
    Goal,
    counterfactuals,
)

__all__ = ["Candidates", "Change", "Counterfactual", "Counterfactuals", "Goal", "counterfactuals"]
