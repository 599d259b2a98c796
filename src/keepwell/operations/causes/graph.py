"""Who calls whom."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from keepwell.core.errors import NotFoundError
from keepwell.core.suggestions import did_you_mean


@dataclass(frozen=True, slots=True)
class ServiceGraph:
    """Services and their calls; trouble spreads from the called to the caller.

    Attributes:
        callees: By service, those that it calls.
    """

    callees: dict[str, tuple[str, ...]]

    @classmethod
    def of(cls, calls: Iterable[tuple[str, str]]) -> Self:
        """Return the graph of (caller, callee) pairs."""
        found: dict[str, dict[str, None]] = {}
        for caller, callee in calls:
            found.setdefault(caller, {})[callee] = None
            found.setdefault(callee, {})
        return cls({name: tuple(called) for name, called in found.items()})

    def reachable(self, service: str) -> tuple[str, ...]:
        """Return a service and all that it calls, directly or through others; nearest first.

        Raises:
            NotFoundError: If the graph does not have it.
        """
        if service not in self.callees:
            raise NotFoundError(
                f"there is no service '{service}' in the graph",
                why=f"it has {len(self.callees)} services",
                now=did_you_mean(service, self.callees) or "name one of its callers or callees",
            )
        seen, waiting = {service: None}, [service]
        while waiting:
            for callee in self.callees[waiting.pop(0)]:
                if callee not in seen:
                    seen[callee] = None
                    waiting.append(callee)
        return tuple(seen)

    def path(self, start: str, end: str) -> tuple[str, ...]:
        """Return the shortest way of calls from one service to another; empty if there is none."""
        ways: dict[str, tuple[str, ...]] = {start: (start,)}
        waiting = [start]
        while waiting:
            here = waiting.pop(0)
            if here == end:
                return ways[here]
            for callee in self.callees.get(here, ()):
                if callee not in ways:
                    ways[callee] = (*ways[here], callee)
                    waiting.append(callee)
        return ()
