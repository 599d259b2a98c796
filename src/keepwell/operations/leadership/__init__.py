"""Who looks after the workspace where several control processes share one record.

All of them answer predictions and pages. One leads: it runs the loop, leads rollouts, starts schedules and
sends alerts. It holds a lease in the record (`core.ports.LeaseStore`); when it dies another one takes over
within the lease's time, and nothing that it still tries to write is accepted.
"""

from keepwell.operations.leadership.fencing import fenced
from keepwell.operations.leadership.leader import Leadership
from keepwell.operations.leadership.place import Place
from keepwell.operations.leadership.telling import Leader, leader_of, record_leader

__all__ = ["Leader", "Leadership", "Place", "fenced", "leader_of", "record_leader"]
