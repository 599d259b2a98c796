"""What a policy would have done: the past of an endpoint, replayed look by look.

The past is rebuilt rather than filtered: a record and a prediction log of their own get what was known at
each time (`record`, `rows`), and everything that looks, decides, trains and judges in earnest works on them
unchanged. Nothing that came later is there to be seen, and nothing of the workspace is written.

    found = simulate(Past(…), "churn", [Candidate(name="as it is", spec=spec)], Plan(train=5.0))
"""

from keepwell.operations.simulation.acting.assent import ASSUMPTIONS
from keepwell.operations.simulation.plan import Plan
from keepwell.operations.simulation.policies import PRESENT, Candidate, read_policy
from keepwell.operations.simulation.result import Course, Simulation
from keepwell.operations.simulation.running import Past, simulate

__all__ = [
    "ASSUMPTIONS",
    "PRESENT",
    "Candidate",
    "Course",
    "Past",
    "Plan",
    "Simulation",
    "read_policy",
    "simulate",
]
