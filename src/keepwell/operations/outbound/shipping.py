"""Sends to one receiver, again and again: from where it stopped, whatever happened in between."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from keepwell import __version__
from keepwell.core.errors import KeepwellError
from keepwell.core.events import Event
from keepwell.core.records import Prediction
from keepwell.core.spec import ExportSpec
from keepwell.monitoring.traces import Span
from keepwell.operations.build.bench import Bench
from keepwell.operations.outbound.bundle import Bundle, Receiver
from keepwell.operations.outbound.samples import samples_of
from keepwell.operations.outbound.state import ExportState, named, read_state, write_state
from keepwell.operations.serving.periodic import Periodic

MOST_EVENTS = 1_000
MOST_REQUESTS = 5_000
SETTLED = 5.0
"""Seconds after which a request is in the log for certain, unless nobody collects."""

LEFT = 60.0
"""Seconds that whoever takes over tells again, rather than that something is not told at all."""

_COLUMNS = (
    "id", "time", "endpoint", "model", "version", "role", "request", "latency_ms", "caller", "trace",
    "parent",
)  # fmt: skip


Measured = Callable[[float, float], Iterable[Span]]


class Shipment:
    """Tells one receiver what is new.

    Args:
        bench: The workspace's parts.
        predictions: The prediction log.
        spec: The receiver.
        place: Its place in `monitor.export`.
        gather: Gives the families of `/metrics`.
        started: Since when counters count.
        leads: Tells whether this process tells what is in the record, which others can read as well.
        measured: Gives the traced requests that ended in a stretch of time, with their stages.
    """

    def __init__(  # noqa: PLR0913 - what is told, by whom and to whom
        self,
        bench: Bench,
        predictions: Any,
        spec: ExportSpec,
        place: int,
        gather: Callable[[], Iterable[Any]],
        started: float,
        leads: Callable[[], bool] = lambda: True,
        *,
        measured: Measured = lambda since, until: (),
    ) -> None:
        self._measured = measured
        self._bench = bench
        self._predictions = predictions
        self._spec = spec
        self._place = place
        self._gather = gather
        self._started = started
        self._leads = leads
        self._receiver: Receiver | None = None
        self._home = bench.home
        self._state = read_state(self._home, place, spec) or ExportState(
            receiver=named(spec), seq=_last(bench), until=bench.clock.now()
        )

    def run(self) -> ExportState:
        """Send what is new, and keep how that went; never raises what the receiver causes."""
        now = self._bench.clock.now()
        if not self._leads():
            self._follow(now)
        bundle = self._bundle(now)
        try:
            if self._receiver is None:
                self._receiver = receiver_of(self._spec, self._bench.spec.root)
            self._receiver.send(bundle)
        except KeepwellError as error:
            said = f"{error.what}: {error.why}" if error.why else error.what
            began = self._state.failing or now
            state = replace(self._state, failing=began, error=said[:500])
        else:
            state = replace(
                self._state,
                seq=bundle.events[-1].seq if bundle.events else self._state.seq,
                until=now - SETTLED,
                sent=now,
                failing=None,
                error="",
            )
        self._state = state
        write_state(self._home, self._place, state)
        return state

    def _follow(self, now: float) -> None:
        """Leave to the leader what it has told by now; should it die, we begin shortly before."""
        told = [event.seq for event in self._events() if event.time < now - LEFT]
        self._state = replace(
            self._state,
            seq=told[-1] if told else self._state.seq,
            until=max(self._state.until, now - LEFT),
        )

    def _bundle(self, now: float) -> Bundle:
        what = self._spec.what
        if not self._leads():
            what = tuple(one for one in what if one == "metrics")
        return Bundle(
            project=self._bench.spec.name,
            version=__version__,
            time=now,
            started=self._started,
            samples=samples_of(self._gather()) if "metrics" in what else (),
            events=self._events() if "events" in what else (),
            answered=self._answered(now) if "traces" in what else (),
            stages=self._stages(now) if "traces" in what else (),
        )

    def _stages(self, now: float) -> tuple[Span, ...]:
        """Return the stages of the requests that were traced."""
        return tuple(self._measured(self._state.until, now - SETTLED))

    def _events(self) -> tuple[Event, ...]:
        found = self._bench.metadata.events(after=self._state.seq, limit=MOST_EVENTS)
        return tuple(found)

    def _answered(self, now: float) -> tuple[Prediction, ...]:
        """Return a row of each request that bore a trace; of more than 5,000 the newest."""
        found: dict[str, Prediction] = {}
        for endpoint in self._bench.endpoints.find():
            rows = self._predictions.window(
                endpoint.name,
                rows=MOST_REQUESTS,
                since=self._state.until,
                until=now - SETTLED,
                columns=_COLUMNS,
            )
            for row in rows.to_pylist():
                if row["trace"]:
                    row["parent"] = row["parent"] or ""
                    one = Prediction(**row, key="", inputs="{}", prediction="null")
                    found.setdefault(one.request, one)
        return tuple(found.values())


def receiver_of(spec: ExportSpec, root: Path) -> Receiver:
    """Return who is told.

    Raises:
        MissingExtraError: If an extra is needed for that.
    """
    if spec.to == "otlp":
        from keepwell.operations.outbound.otlp import OtlpReceiver

        return OtlpReceiver(spec.url, spec.headers)
    if spec.to == "statsd":
        from keepwell.operations.outbound.statsd import StatsdReceiver

        return StatsdReceiver(spec.address, spec.dialect)
    from keepwell.operations.outbound.lines import FileReceiver, PostReceiver

    if spec.path:
        return FileReceiver(root / spec.path, spec.format)
    return PostReceiver(spec.url, spec.format, spec.headers)


def start_exports(
    bench: Bench,
    predictions: Any,
    gather: Callable[[], Iterable[Any]],
    leads: Callable[[], bool] = lambda: True,
    *,
    measured: Measured = lambda since, until: (),
) -> list[Periodic]:
    """Return the jobs that tell every receiver of the project file; not started yet."""
    started = bench.clock.now()
    return [
        Periodic(
            f"exporting to {named(spec)}",
            spec.every,
            Shipment(
                bench, predictions, spec, place, gather, started, leads, measured=measured
            ).run,
        )
        for place, spec in enumerate(bench.spec.monitor.export)
    ]


def _last(bench: Bench) -> int:
    newest = bench.metadata.events(newest_first=True, limit=1)
    return newest[0].seq if newest else 0
