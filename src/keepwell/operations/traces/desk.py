"""Traces as commands, requests and `keepwell up` see them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from keepwell.core.errors import NotFoundError
from keepwell.core.ports import Point
from keepwell.core.records import Signal
from keepwell.monitoring.costs.bill import Calls
from keepwell.monitoring.objectives.budget import Budget
from keepwell.monitoring.traces.figures import calls, figures, uses
from keepwell.monitoring.traces.limits import breaches, burning, standing
from keepwell.monitoring.traces.log import TraceLog, TracePage
from keepwell.monitoring.traces.pricing import cost_of
from keepwell.monitoring.traces.schema import SPANS, scores_of
from keepwell.monitoring.traces.span import Score, Span
from keepwell.monitoring.traces.taking import TakenSpans, TraceStore
from keepwell.monitoring.traces.wanted import WantedTraces
from keepwell.operations.traces.scoring import JUDGE, Scoring
from keepwell.operations.traces.trimming import trim_traces

if TYPE_CHECKING:
    from keepwell.monitoring.elsewhere import Outbox
    from keepwell.monitoring.traces.figures import Use
    from keepwell.workspace import Workspace

OBJECTIVES_EVERY = 60.0
BILL_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeTrace:
    """One trace with everything that is known of it.

    Attributes:
        trace: Its id.
        spans: Its steps, each after the one that it is part of, by time.
        depths: How deep each step lies.
        costs: What each cost; None where nobody knows.
        scores: What was thought of it, oldest first.
    """

    trace: str
    spans: Sequence[Span]
    depths: Sequence[int]
    costs: Sequence[float | None]
    scores: Sequence[Score] = ()


@dataclass(slots=True)
class _Looked:
    """What the last look found."""

    signals: dict[str, list[Signal]] = field(default_factory=dict)
    budgets: dict[str, list[Budget]] = field(default_factory=dict)
    at: float = 0.0


class TraceDesk:
    """What there is to do with traces.

    Args:
        workspace: Whose.
        alone: Makes a lock that is held while rows are written.
    """

    def __init__(
        self, workspace: "Workspace", alone: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._workspace = workspace
        self._alone = alone
        self.spec = workspace.spec.traces
        self.prices = workspace.spec.costs.models
        self.log = TraceLog(workspace.tables, workspace.clock, self.prices)
        self._looked = _Looked()
        self._apps: tuple[int | None, list[str]] = (None, [])
        self._billed: tuple[float, float, Sequence[Calls]] | None = None

    @cached_property
    def store(self) -> TraceStore:
        """Where steps and scores are kept."""
        workspace = self._workspace
        return TraceStore(workspace.tables, workspace.clock, self.spec, alone=self._alone)

    @cached_property
    def _scoring(self) -> Scoring:
        workspace = self._workspace
        return Scoring(self.log, self.store, self.spec.scores, workspace.root, workspace.clock)

    def hand_in(
        self, items: Sequence[Any], *, caller: str = "", partial: bool = False
    ) -> TakenSpans:
        """Take steps from the outside: they are checked, and durable, when this returns.

        They are written to a file, and moved to the table together with others within seconds.

        Raises:
            InvalidRequestError: If one cannot be used, unless `partial`.
        """
        from keepwell.infrastructure.codec import to_plain

        spans, rejected = self.store.check(items, caller=caller, partial=partial)
        for span in spans:
            self._outbox.put({"endpoint": "", "span": _told(to_plain(span))})
        return TakenSpans(accepted=len(spans), rejected=rejected)

    def apps(self) -> list[str]:
        """Return the names of all applications; looked up anew only when something was told since."""
        version = self._workspace.tables.version(SPANS)
        if version is None:
            return []
        if self._apps[0] != version:
            self._apps = version, self.log.apps()
        return self._apps[1]

    def find(self, wanted: WantedTraces) -> TracePage:
        """Return traces, newest first, those that were told a moment ago among them."""
        self._workspace.courier.run()
        return self.log.find(wanted)

    def read(self, trace: str) -> WholeTrace:
        """Return one trace.

        Raises:
            NotFoundError: If there is none of that id.
        """
        wanted = trace.strip().lower()
        self._workspace.courier.run()
        found = self.store.spans_of(wanted)
        if not found:
            raise NotFoundError(
                f"there is no trace '{trace}'",
                why="nothing of that id was told, or it is older than traces.retention",
                now="keepwell traces lists the newest ones",
            )
        spans, depths = in_order(found)
        return WholeTrace(
            trace=wanted,
            spans=spans,
            depths=depths,
            costs=[cost_of(span, self.prices) for span in spans],
            scores=scores_of(self.store.scores_table(wanted)),
        )

    def score(self, item: Mapping[str, Any], *, source: str = "human", by: str = "") -> Score:
        """Keep what somebody thinks of a trace; see `TraceStore.score`."""
        self._workspace.courier.run()
        return self.store.score(item, source=source, by=by)

    def look(self) -> None:
        """Score what is new, measure every application, and hold it to its limits."""
        if self._workspace.tables.version(SPANS) is None:
            return
        self._scoring.look()
        now = self._workspace.clock.now()
        since = now - self.spec.window
        for app in self.apps():
            found = figures(self.log, WantedTraces(app=app, since=since, until=now))
            self._looked.signals[app] = breaches(
                app, found, () if app == JUDGE else self.spec.limits, since=since, until=now
            )
            if found:
                self._workspace.measurements.append(
                    f"traces:{app}", [Point(name, now, value) for name, value in found.items()]
                )
        if self.spec.objectives and now - self._looked.at >= OBJECTIVES_EVERY:
            self._looked.at = now
            self._looked.budgets = {app: self.budgets(app) for app in self.apps() if app != JUDGE}

    def budgets(self, app: str) -> list[Budget]:
        """Return how the objectives of an application stand."""
        now = self._workspace.clock.now()
        return [standing(self.log, app, one, now) for one in self.spec.objectives]

    def signals(self) -> list[Signal]:
        """Return what the last look found outside its limits."""
        now = self._workspace.clock.now()
        burnt = [
            signal
            for app, budgets in self._looked.budgets.items()
            for budget in budgets
            if (signal := burning(app, budget, now)) is not None
        ]
        return [*(one for some in self._looked.signals.values() for one in some), *burnt]

    def uses(self, since: float, until: float, by: str = "app") -> "list[Use]":
        """Return who used how much in a stretch of time."""
        return uses(self.log, WantedTraces(since=since, until=until), by)

    def calls(self, since: float, until: float) -> Sequence[Calls]:
        """Return what was asked of models, for the bill; a minute old at most, where the bill is of now."""
        if self._workspace.tables.version(SPANS) is None:
            return ()
        now = self._workspace.clock.now()
        kept = self._billed
        present = until >= now
        if present and kept is not None and kept[0] == since and 0 <= now - kept[1] < BILL_SECONDS:
            return kept[2]
        found = calls(self.log, since, until)
        if present:
            self._billed = since, now, found
        return found

    def stages(self, since: float, until: float) -> list[Span]:
        """Return the traced requests of endpoints that ended in a stretch of time, with their stages."""
        from keepwell.monitoring.traces.stages import stages_between

        self._workspace.courier.run()
        return stages_between(self._workspace.tables, since, until)

    def trim(self) -> int:
        """Delete what `traces.retention` no longer allows."""
        workspace = self._workspace
        return trim_traces(
            workspace.tables, workspace.metadata, workspace.clock, self.spec.retention
        )

    def close(self) -> None:
        """Let go of the file that steps are written to first."""
        if "_outbox" in self.__dict__:
            self._outbox.close()

    @cached_property
    def _outbox(self) -> "Outbox":
        from keepwell.monitoring.elsewhere import Outbox

        return Outbox(self._workspace.outbox)


def in_order(spans: Sequence[Span]) -> tuple[list[Span], list[int]]:
    """Return steps as a tree is read: each after its parent, and how deep it lies."""
    known = {span.id for span in spans}
    children: dict[str, list[Span]] = {}
    for span in sorted(spans, key=lambda one: (one.time, one.id)):
        held = span.parent if span.parent in known and span.parent != span.id else ""
        children.setdefault(held, []).append(span)
    ordered: list[Span] = []
    depths: list[int] = []
    seen: set[str] = set()
    waiting = [(one, 0) for one in reversed(children.get("", ()))]
    while waiting:
        span, depth = waiting.pop()
        if span.id in seen:
            continue
        seen.add(span.id)
        ordered.append(span)
        depths.append(depth)
        waiting += [(one, depth + 1) for one in reversed(children.get(span.id, ()))]
    left = [span for span in spans if span.id not in seen]  # parents of each other
    return [*ordered, *left], [*depths, *[0] * len(left)]


def _told(plain: dict[str, Any]) -> dict[str, Any]:
    """Return a step as it is posted, less what it does not say."""
    import json

    plain["attributes"] = json.loads(plain["attributes"])
    return {name: value for name, value in plain.items() if value not in (None, "", {})}
