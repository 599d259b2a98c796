"""The request path: choose a version, score, log, answer."""

import asyncio
import logging
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

from keepwell.core.errors import (
    KeepwellError,
    NotFoundError,
    ServedElsewhereError,
    StorageError,
    UnavailableError,
)
from keepwell.core.identifiers import new_id
from keepwell.core.records import Route
from keepwell.core.suggestions import did_you_mean
from keepwell.deployment.flags.answering import Fallback, answer
from keepwell.deployment.flags.live import LiveFlags, score_within
from keepwell.deployment.routing import Split
from keepwell.deployment.scoring.scorer import Scorer, Scores
from keepwell.deployment.server.admission.access import Consumer
from keepwell.deployment.server.admission.load import Threads, check_rows, too_slow
from keepwell.deployment.server.assignment import Instance, Part, assign, believed, unanswered
from keepwell.deployment.server.heartbeat import Counters, RequestError
from keepwell.deployment.server.messages import Header, Request
from keepwell.deployment.server.recording import Circumstances, Scored, frames_of, number
from keepwell.deployment.server.shelf import ShelvedScorer
from keepwell.deployment.server.snapshot import LiveEndpoint, Snapshot
from keepwell.deployment.tracing.requests import HEADER, StageLog, context_of
from keepwell.deployment.tracing.stages import Stages, watched
from keepwell.features.windows import Event
from keepwell.infrastructure.segments import SegmentWriter

PROBE_HEADER = b"x-keepwell-probe"
PROBE = "probe"
"""Caller, in the prediction log, of the rows by which a rollout is verified."""

_FEW = 20  # rows of which the past is looked up at once
_MANY = 200  # rows beyond which scoring leaves the event loop to other requests
_LONGEST_ID = 128
_UNLOGGED: Header = (b"x-prediction-logged", b"no")

_logger = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Call:
    """One request for predictions, as it goes through the house.

    Attributes:
        endpoint: Who is asked.
        request: Its id: the client's own, or a new one.
        caller: Who asks; `probe` for our own probes.
        trace: The trace that it is part of (W3C Trace Context: 32 hexadecimal digits), empty if none.
        parent: The step of that trace that it is part of, 16 hexadecimal digits; empty if none.
        traced: Its stages are to be told.
        stages: How long they take; None where nobody asks.
        consumer: Whose token it bears, None if none.
        started: When its body was whole, on the clock of `time.perf_counter`.
        version: The version that is being asked, 0 before one was chosen.
        wanted: The version that is asked for by number; 0 lets the routes decide.
    """

    endpoint: str
    request: str = ""
    caller: str = ""
    trace: str = ""
    parent: str = ""
    traced: bool = False
    stages: Stages | None = None
    consumer: Consumer | None = None
    started: float = 0.0
    version: int = 0
    wanted: int = 0

    @classmethod
    def of(cls, endpoint: str, request: Request) -> Self:
        """Return the call that a request makes at an endpoint."""
        probe = request.headers.get(PROBE_HEADER)
        context = context_of(request.headers)
        return cls(
            endpoint=endpoint,
            request=_request_id(request.headers),
            caller="" if probe is None else PROBE,
            trace=context.trace,
            parent=context.parent,
            traced=context.wanted,
            started=time.perf_counter(),
            wanted=int(probe[1:10]) if probe and probe[:1] == b"v" and probe[1:].isdigit() else 0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A call's answers, logged already unless `logged` says otherwise.

    Attributes:
        call: The call.
        endpoint: Who answered.
        parts: The rows by the version that answered them, the first row's first.
        milliseconds: What it took.
        logged: Whether the rows are in the prediction log.
    """

    call: Call
    endpoint: LiveEndpoint
    parts: list[Scored]
    milliseconds: float
    logged: bool = True

    @property
    def marks(self) -> list[Header]:
        """Headers that every answer bears."""
        marks = [
            (b"x-model-version", b"%d" % self.parts[0].part.route.version),
            (b"x-latency-ms", b"%.3f" % self.milliseconds),
            (b"x-request-id", self.call.request.encode("latin-1")),
            *([] if self.logged else [_UNLOGGED]),
        ]
        if self.call.traced:
            marks.append((HEADER, self.call.trace.encode("latin-1")))
        if self.endpoint.flags is not None and any(one.fallback for one in self.parts):
            marks.append((b"x-keepwell-fallback", b"1"))
        cold_start = max(one.scores.cold_start for one in self.parts)
        if cold_start:
            marks.append((b"x-keepwell-cold-start-ms", b"%.3f" % (cold_start * 1000)))
        return marks


class PredictionError(KeepwellError):
    """The model raised on rows that fit its signature."""

    headline = "The model failed"

    @classmethod
    def of(cls, call: Call, error: Exception) -> Self:
        """Return what to say of whatever a model raised."""
        who = f"'{call.endpoint}'"
        return cls(
            f"version {call.version} of {who} could not answer"
            if call.version
            else f"{who} could not answer",
            why=f"{type(error).__name__}: {error}"[:500],
            now="see the worker's log in .keepwell/logs; roll back if it goes on",
        )


class Predictor:
    """Answers instances from the present snapshot.

    Args:
        writer: Where each row is logged before its answer leaves.
        counters: Count what happens.
        stage_log: Where the stages of traced requests are told; None for nowhere.
    """

    def __init__(
        self, writer: SegmentWriter, counters: Counters, stage_log: StageLog | None = None
    ) -> None:
        self.stage_log = stage_log
        self.snapshot = Snapshot()
        self.counters = counters
        self.threads = Threads()
        self._writer = writer

    async def predict(self, call: Call, instances: list[Instance]) -> Answered:
        """Score instances by the version that is theirs, and log each before returning.

        Raises:
            NotFoundError: If there is no such endpoint.
            UnavailableError: If it has no champion.
            InvalidRequestError: If an instance does not fit the model's signature.
            StorageError: If the rows cannot be logged.
            SlowModelError: If the model takes too long.
            TooManyRowsError: If there are more rows than a request may have.
        """
        stages = call.stages
        if stages is not None:
            stages.mark("parse")
        endpoint = self._answering(call)
        check_rows(len(instances), self.snapshot.limits, endpoint.most_rows)
        if call.consumer is not None:
            call.consumer.spend(len(instances))
        scored = []
        now = time.time()
        events = await self._complete(endpoint, instances, now)
        if endpoint.flags is not None:
            scored = await self._switched(endpoint, call, instances, now)
        else:
            for part in assign(endpoint, instances, call.request, by_request=call.caller == PROBE):
                call.version = part.route.version
                scored.append(number(part, await self._score(call, endpoint, part), now))
        if stages is not None:
            stages.mark("format" if stages.has("model") else "model")
        if events and endpoint.completer is not None and call.caller != PROBE:
            endpoint.completer.keep(events, now)
        milliseconds = (time.perf_counter() - call.started) * 1000
        about = Circumstances(
            time=now,
            request=call.request,
            latency_ms=milliseconds,
            caller=call.caller,
            trace=call.trace,
            parent=call.parent,
        )
        logged = self._log(endpoint, scored, about)
        if stages is not None:
            stages.mark("log")
        for one in scored:
            self.counters.answered(
                call.endpoint, one.part.route.version, len(one.ids), milliseconds, logged=logged
            )
        return Answered(
            call=call, endpoint=endpoint, parts=scored, milliseconds=milliseconds, logged=logged
        )

    async def _complete(
        self, endpoint: LiveEndpoint, instances: list[Instance], now: float
    ) -> list[Event]:
        """Add what is calculated from earlier rows; many rows are completed beside the event loop."""
        completer = endpoint.completer
        if completer is None:
            return []
        if len(instances) <= _FEW:
            return completer.complete(instances, now)
        return await asyncio.to_thread(completer.complete, instances, now)

    def _log(self, endpoint: LiveEndpoint, scored: list[Scored], about: Circumstances) -> bool:
        """Log rows, if they are among those that are kept; tell whether they are in the log now."""
        policy = self.snapshot.log
        if not (policy.keeps(about.request) or about.caller == PROBE):
            return False
        frames = [frame for one in scored for frame in frames_of(endpoint, one, about)]
        try:
            if frames:
                self._writer.append_all(frames)
        except StorageError:
            if not policy.answers_unlogged:
                raise
            _logger.exception("%d rows of %s are answered unlogged", len(frames), endpoint.name)
            return False
        return True

    async def _switched(
        self, endpoint: LiveEndpoint, call: Call, instances: list[Instance], now: float
    ) -> list[Scored]:
        """Answer where flags decide: by rules, within the limit, or by the fallback."""
        flags = endpoint.flags
        if flags is None:
            return []
        parts, why = _meant(endpoint, flags, call, instances)

        async def ask(part: Part) -> Scores:
            if flags.limit is not None:
                return await score_within(flags.limit, part.route, believed(endpoint, part))
            return await self._score(call, endpoint, part)

        scored = []
        for part in parts:
            call.version = part.route.version
            async for piece, scores, fallback in answer(flags, part, ask, why):
                scored.append(number(piece, scores, now, fallback))
                if fallback is not None and not flags.killed:
                    self._fell_back(call, fallback)
        return sorted(scored, key=lambda one: (one.part.places or [0])[0])

    def _fell_back(self, call: Call, fallback: Fallback) -> None:
        self.counters.fell_back(
            RequestError(
                time=time.time(),
                endpoint=call.endpoint,
                version=fallback.version,
                status=500,
                what=f"{fallback.by} answered in its place: {fallback.why}"[:500],
            )
        )

    def append(self, frames: list[bytes]) -> None:
        """Write frames to the log.

        Raises:
            StorageError: If they cannot be written.
        """
        self._writer.append_all(frames)

    async def _score(self, call: Call, endpoint: LiveEndpoint, part: Part) -> Scores:
        """Score a part: at once if that takes no time, else beside the event loop, within the limit."""
        scorer, rows = part.route.scorer, believed(endpoint, part)
        ready = scorer.at_hand() if isinstance(scorer, ShelvedScorer) else scorer
        stages = call.stages
        if stages is not None:
            stages.mark("route")
        if ready is not None and len(rows) <= _MANY and ready.quick(len(rows)):
            if stages is None:
                return ready.rows(rows)
            with watched(stages):
                return ready.rows(rows)
        limits = self.snapshot.limits
        left = limits.seconds - (time.perf_counter() - call.started)
        try:
            work = partial(_measured, scorer, rows, stages)
            return await self.threads.run(work, left, apart=ready is None)
        except TimeoutError:
            version = part.route.version
            raise too_slow(endpoint.model, version, limits, call.started) from None

    def _answering(self, call: Call) -> LiveEndpoint:
        """Return who answers a call: its fallback alone, if need be."""
        endpoint = self.snapshot.endpoints.get(call.endpoint)
        if endpoint is None or endpoint.routes or call.wanted:
            return self.find(call.endpoint, call.wanted, probing=call.caller == PROBE)
        falls_back = endpoint.flags is not None and endpoint.flags.chain
        return endpoint if falls_back else self.find(call.endpoint)

    def find(self, name: str, version: int = 0, *, probing: bool = False) -> LiveEndpoint:
        """Return an endpoint that can answer; with a version, one that answers by nothing else.

        Raises:
            NotFoundError: If there is none of that name, or it does not serve that version.
            UnavailableError: If it has no champion.
            ServedElsewhereError: If its model answers somewhere else.
        """
        endpoint = self.snapshot.endpoints.get(name)
        if endpoint is None:
            names = list(self.snapshot.endpoints)
            raise NotFoundError(
                f"there is no endpoint called '{name}'",
                why=f"served here: {', '.join(names) or 'none yet'}",
                now=did_you_mean(name, names) or "keepwell run makes a model that can be served",
            )
        if endpoint.external:
            raise ServedElsewhereError.of(name)
        if not endpoint.routes:
            raise UnavailableError(
                f"the endpoint '{name}' has no champion",
                why="no model version has passed its gate yet, or none of them can be loaded",
                now="keepwell run, then keepwell status",
            )
        return narrowed(endpoint, version, probing=probing) if version else endpoint


def _measured(
    scorer: Scorer | ShelvedScorer, rows: list[Instance], stages: Stages | None
) -> Scores:
    """Score beside the event loop."""
    if stages is not None:
        stages.mark("wait")
    with watched(stages):
        return scorer.rows(rows)


def narrowed(endpoint: LiveEndpoint, version: int, *, probing: bool = False) -> LiveEndpoint:
    """Return an endpoint that answers by one of its versions alone, whatever rules say.

    It may be one that is loaded and has no share. A kill switch stays: nobody but a probe reaches a version
    behind it.

    Raises:
        NotFoundError: If that version is not served; names those that are.
    """
    route = next((one for one in endpoint.served if one.version == version), None)
    if route is None:
        served = ", ".join(f"{one.version} ({one.role})" for one in endpoint.served)
        raise NotFoundError(
            f"version {version} is not served at '{endpoint.name}'",
            why=f"served there: {served}",
            now="leave the version out, and the endpoint's routes decide",
        )
    split = Split(endpoint.name, [Route(version=version, weight=100.0, role=route.role)])
    killed = endpoint.flags is not None and endpoint.flags.killed and not probing
    flags = endpoint.flags if killed else None
    return replace(endpoint, routes=(route,), split=split, flags=flags)


def _meant(
    endpoint: LiveEndpoint, flags: LiveFlags, call: Call, instances: list[Instance]
) -> tuple[list[Part], str]:
    """Return which version is meant to answer which rows, and why it is not even asked, if so."""
    probing = call.caller == PROBE
    if flags.killed and not probing:
        if not flags.chain:
            raise flags.refusal(endpoint.name)
        nobody = replace(flags.chain[0].route, version=0)
        why = f"switched off: {flags.reason}" if flags.reason else "switched off"
        return unanswered(endpoint, instances, nobody), why
    if not endpoint.routes:
        nobody = replace(flags.chain[0].route, version=0)
        return unanswered(endpoint, instances, nobody), "no version of it can be loaded"
    return assign(endpoint, instances, call.request, by_request=probing), ""


def _request_id(headers: dict[bytes, bytes]) -> str:
    """Return the id that the client gave its request, or a new one."""
    given = headers.get(b"x-request-id", b"")[:_LONGEST_ID].decode("latin-1")
    return given if given and given.isprintable() and given.isascii() else new_id()
