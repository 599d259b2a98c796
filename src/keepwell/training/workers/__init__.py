"""Who does the jobs of a search: this process, or children that may crash, overrun or overeat.

    with ChildRunner(problem, folds, learners, memory=Grant(4 << 30), parallel=2) as runner:
        runner.run(orders, done=note, report=tell)

Law: `run` takes orders one by one, only when somebody is free to do them; each ends in exactly one
`done`; whatever a learner does, `run` returns.
"""

from keepwell.training.workers.children import ChildRunner
from keepwell.training.workers.grant import Grant
from keepwell.training.workers.here import HereRunner
from keepwell.training.workers.runner import Order, Runner

__all__ = ["ChildRunner", "Grant", "HereRunner", "Order", "Runner"]
