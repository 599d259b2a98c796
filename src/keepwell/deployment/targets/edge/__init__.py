"""`edge`: a bundle that answers on a device without a network, and tells the server later.

`scorer` is the program that goes along: it imports nothing of Keepwell.
"""

from keepwell.deployment.targets.edge.target import Edge

__all__ = ["Edge"]
