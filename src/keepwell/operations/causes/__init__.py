"""Which of many services that call each other brought an alarm about.

    blamed = blame(graph, "shop", costs)
    blamed[0].node

A graph of who calls whom, and how much more each service cost than before: time that requests spent in
it, or requests that it failed. What a service's callees explain is not its own: what is left, is.
"""

from keepwell.operations.causes.blame import Blame, blame
from keepwell.operations.causes.graph import ServiceGraph
from keepwell.operations.causes.telemetry import excess_of

__all__ = ["Blame", "ServiceGraph", "blame", "excess_of"]
