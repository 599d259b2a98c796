"""Which service's own trouble explains an alarm."""

from collections.abc import Mapping
from dataclasses import dataclass

from keepwell.operations.causes.graph import ServiceGraph


@dataclass(frozen=True, slots=True, kw_only=True)
class Blame:
    """A service that may have brought an alarm about.

    Attributes:
        node: Which.
        own: How much more it costs than before, its callees' part taken off.
        excess: How much more it costs in all.
        share: Its own part among all own parts that are above zero.
        path: The calls that carried it to the service of the alarm, from that service on.
    """

    node: str
    own: float
    excess: float
    share: float
    path: tuple[str, ...]


def blame(graph: ServiceGraph, target: str, excess: Mapping[str, float]) -> list[Blame]:
    """Return the services that an alarm's service depends on, the likeliest cause first.

    Law: adding the same excess to a callee and to its only caller leaves the caller's own part as it was.

    Args:
        graph: Who calls whom.
        target: The service that gave the alarm.
        excess: How much more each costs than before (seconds spent, requests failed); 0 where it is not
            told. What got cheaper excuses nobody.

    Raises:
        NotFoundError: If the graph does not have the target.
    """
    own = {
        node: excess.get(node, 0.0)
        - sum(max(0.0, excess.get(callee, 0.0)) for callee in graph.callees[node])
        for node in graph.reachable(target)
    }
    total = sum(part for part in own.values() if part > 0)
    ranked = sorted(own, key=lambda node: -own[node])
    return [
        Blame(
            node=node,
            own=own[node],
            excess=excess.get(node, 0.0),
            share=max(0.0, own[node]) / total if total > 0 else 0.0,
            path=graph.path(target, node),
        )
        for node in ranked
    ]
