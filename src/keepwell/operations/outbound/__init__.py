"""What other systems are told: the numbers of `/metrics`, what changed, and which requests were answered.

Each receiver of `monitor.export` has a thread of its own. Nothing is queued in memory: what a receiver has
not taken stays in the record, and is read from there again. One that is dead costs its own thread a timeout.
"""

from keepwell.operations.outbound.shipping import Shipment, start_exports
from keepwell.operations.outbound.state import ExportState, read_states

__all__ = ["ExportState", "Shipment", "read_states", "start_exports"]
