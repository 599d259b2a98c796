"""The flags of an endpoint as a worker answers by them: rules parsed, fallbacks ready to answer."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keepwell.core.errors import UnavailableError
from keepwell.core.records import Flags
from keepwell.deployment.flags.expressions import Condition, Row
from keepwell.deployment.flags.parsing import parse
from keepwell.deployment.flags.steps import FallbackStep
from keepwell.deployment.scoring.scorer import Scores

if TYPE_CHECKING:
    from keepwell.deployment.server.snapshot import LiveRoute

BUSY_AT_MOST = 8
"""Models that may be answering beyond their time limit; while so many do, the fallback answers at once."""

Instance = dict[str, Any]


class Constant:
    """Answers every row alike."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def quick(self, rows: int) -> bool:
        """Tell that this takes no time."""
        return True

    def rows(self, instances: Sequence[Mapping[str, Any]]) -> Scores:
        """Return the value, once a row."""
        return Scores(predictions=[self._value] * len(instances))


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveStep:
    """One step of the fallback chain, with whoever answers."""

    text: str
    route: "LiveRoute"
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class LiveRule:
    """A cohort rule with the version that it leads to."""

    when: Condition
    route: "LiveRoute"


@dataclass(slots=True)
class _Bench:
    """Threads for models with a time limit: a thread cannot be stopped, so they are counted."""

    pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(BUSY_AT_MOST, "limited model")
    )
    busy: int = 0


_BENCH = _Bench()


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFlags:
    """What is switched at an endpoint.

    Attributes:
        killed: Whether the models are not to be asked.
        reason: Why.
        rules: In order.
        chain: The fallback, in order; steps whose version cannot be loaded are left out.
        limit: Seconds that a model may take; None for as long as it does.
        key: Column that rules call `key`.
    """

    killed: bool = False
    reason: str = ""
    rules: tuple[LiveRule, ...] = ()
    chain: tuple[LiveStep, ...] = ()
    limit: float | None = None
    key: str = ""

    def route_of(self, row: Instance) -> "LiveRoute | None":
        """Return who answers a row by rule; None where no rule holds."""
        shown: Row = row if not self.key or "key" in row else {**row, "key": row.get(self.key)}
        return next((rule.route for rule in self.rules if rule.when.holds(shown)), None)

    def refusal(self, endpoint: str) -> UnavailableError:
        """Return what callers of a killed endpoint without a fallback are told."""
        return UnavailableError(
            f"the endpoint '{endpoint}' is switched off",
            why=self.reason or "no reason was given",
            now=f"keepwell flags revive {endpoint} switches it on again",
        )


async def score_within(limit: float, route: "LiveRoute", rows: Sequence[Instance]) -> Scores:
    """Ask a model, for no longer than a limit in seconds.

    Raises:
        TimeoutError: If it takes longer.
    """
    if _BENCH.busy >= BUSY_AT_MOST:
        raise TimeoutError(f"{BUSY_AT_MOST} earlier answers are still overdue")
    _BENCH.busy += 1
    future = asyncio.get_running_loop().run_in_executor(_BENCH.pool, route.scorer.rows, rows)
    future.add_done_callback(_finished)
    done, _ = await asyncio.wait([future], timeout=limit)
    if not done:
        raise TimeoutError(f"no answer within {limit * 1000:g} ms")
    return future.result()


def _finished(future: "asyncio.Future[Scores]") -> None:
    _BENCH.busy -= 1
    if not future.cancelled():
        future.exception()  # an answer that nobody waits for any more is nobody's error


def live_flags(
    flags: Flags,
    key: str,
    steps: Sequence[FallbackStep],
    routes: Mapping[int, "LiveRoute"],
    constant: Callable[[Any], "LiveRoute"],
) -> LiveFlags | None:
    """Return flags ready to answer by; None if nothing is switched.

    Args:
        flags: What is switched.
        key: The endpoint's key column.
        steps: The fallback chain.
        routes: Loaded versions.
        constant: Makes a route that answers with one value.
    """
    if flags.idle:
        return None
    chain = []
    for step in steps:
        if not step.version and step.text == "previous":
            continue  # there has been no other version yet
        route = routes.get(step.version) if step.version else constant(step.value)
        if route is not None:
            chain.append(LiveStep(text=step.text, route=route, when=step.when))
    rules = [
        LiveRule(parse(rule.when), routes[rule.version])
        for rule in flags.rules
        if rule.version in routes
    ]
    return LiveFlags(
        killed=flags.killed,
        reason=flags.reason,
        rules=tuple(rules),
        chain=tuple(chain),
        limit=None if flags.limit_ms is None else flags.limit_ms / 1000,
        key=key,
    )
