"""How an endpoint stands: performance, estimates, KPIs, groups of people, service levels, advice.

    standing = Standings(bench, predictions, measurements).look("churn")
    standing.advice.verdict        # "wait"

`keepwell up` looks every half minute, off the request path; a period is measured again only when predictions
or outcomes were added to it.
"""

from keepwell.operations.standing.record import Standing, standing_of, subject_of
from keepwell.operations.standing.standings import Standings

__all__ = ["Standing", "Standings", "standing_of", "subject_of"]
