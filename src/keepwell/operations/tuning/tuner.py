"""Tries numbers of workers, then how many requests one takes on, each in a data plane of its own."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from keepwell.core.errors import KeepwellError, NotFoundError
from keepwell.core.progress import Progress, SilentProgress
from keepwell.core.records import Endpoint, ModelVersion, Route
from keepwell.core.spec import ServeSpec
from keepwell.core.spec.objectives import ObjectiveSpec
from keepwell.operations.build.bench import Bench
from keepwell.operations.tuning.choice import (
    CROWD,
    STEADY,
    Tuned,
    best_of,
    better_in_a_crowd,
    good_of,
    room_for,
)
from keepwell.operations.tuning.plane import plane_on_trial
from keepwell.operations.tuning.trial import Settings, Trial, tried

_ROWS = 200  # that requests are made of
_LINES = 2  # clients a processor, unless said
_CROWD = 2  # times as many clients as the data plane takes on at a time
_MOST_CLIENTS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How the data plane is asked.

    Attributes:
        endpoint: Which one.
        clients: Connections under the usual load; 0: a few for each processor.
        rows: Of a request.
        seconds: Of each trial.
        workers: Numbers of workers to try; empty: up to one more than there are processors.
    """

    endpoint: str
    clients: int = 0
    rows: int = 1
    seconds: float = 2.5
    workers: tuple[int, ...] = ()


def tune(
    bench: Bench, blobs: str, asked: Asked, *, cores: float, progress: Progress | None = None
) -> Tuned:
    """Try settings under load on this machine, and return the best with all the evidence.

    Args:
        bench: The workspace's parts.
        blobs: Where models are read from.
        asked: How to ask.
        cores: Processors that may be used.
        progress: Hears how it goes.

    Raises:
        NotFoundError: If there is no such endpoint, or nothing serves behind it.
        UnavailableError: If nothing is answered.
    """
    return _Tuner(bench, blobs, asked, cores, progress or SilentProgress()).run()


class _Tuner:
    def __init__(
        self, bench: Bench, blobs: str, asked: Asked, cores: float, progress: Progress
    ) -> None:
        self._bench, self._blobs, self._asked, self._cores = bench, blobs, asked, cores
        self._progress = progress
        self._endpoint = _endpoint(bench, asked.endpoint)
        version = self._endpoint.champion
        if version is None:
            raise NotFoundError(
                f"nothing serves behind '{self._endpoint.name}'",
                now="keepwell run deploys a version",
            )
        self._version = bench.registry.get(self._endpoint.model, version)
        self._serve = bench.spec.serve
        self._objectives = objectives_of(bench.spec.monitor.objectives)
        self._bodies = bodies_of(bench, self._version, asked.rows)
        self._done, self._planned = 0, 1

    def run(self) -> Tuned:
        """Try everything, and choose."""
        counts = self._asked.workers or worker_counts(self._cores)
        crowds = 2 if self._objectives else 0
        variant = self._variant()
        self._planned = len(counts) + crowds + (variant is not None)
        now = self._settings(self._serve.workers, self._serve.limits.in_flight)
        clients = self._asked.clients or max(4, _LINES * math.ceil(self._cores))
        trials = [
            self._try(self._settings(count, now.in_flight), STEADY, clients) for count in counts
        ]
        best, kept, reason = best_of(trials, self._objectives)
        chosen = best.settings
        if self._objectives:
            chosen, crowds_tried, told = self._crowd(best)
            trials += crowds_tried
            reason = f"{reason}; {told}"
        lighter = None
        if variant is not None:
            settings = replace(chosen, version=variant.version)
            lighter = self._try(settings, STEADY, clients)
        return Tuned(
            endpoint=self._endpoint.name,
            trials=tuple(trials),
            chosen=chosen,
            now=now,
            kept=kept,
            reason=reason,
            objectives=self._objectives,
            cores=self._cores,
            lighter=lighter,
        )

    def _settings(self, workers: int, in_flight: int) -> Settings:
        return Settings(workers=workers, in_flight=in_flight, version=self._version.version)

    def _crowd(self, best: Trial) -> tuple[Settings, list[Trial], str]:
        """Return what a worker should take on at a time, and what a crowd told of it."""
        now = best.settings
        clients = min(_MOST_CLIENTS, max(_CROWD * now.in_flight * now.workers, 8))
        more = self._try(now, CROWD, clients)
        if not more.refused:
            told = f"asked by {clients:,} at once, a worker never held {now.in_flight} requests at a time"
            return now, [more], told
        limit = min(milliseconds for milliseconds, _ in self._objectives.values())
        room = min(room_for(best, limit), now.in_flight)
        fewer = self._try(replace(now, in_flight=room), CROWD, clients)
        good = [f"{good_of(one):,.0f}" for one in (more, fewer)]
        told = (
            f"asked by {clients:,} at once, {good[0]} requests a second are answered in time where a "
            f"worker takes on {now.in_flight}, {good[1]} where it takes on {room}"
        )
        better = better_in_a_crowd(more, fewer)
        return (fewer if better else more).settings, [more, fewer], told

    def _try(self, settings: Settings, kind: str, clients: int) -> Trial:
        said = f"{settings.workers} workers" if settings.workers > 1 else "1 worker"
        self._progress.update(
            f"{said}, {settings.in_flight} at a time, v{settings.version}, {clients:,} clients",
            self._done / self._planned,
            (self._planned - self._done) * (self._asked.seconds + 2.0),
        )
        endpoint = replace(self._endpoint, routes=(Route(version=settings.version, weight=100.0),))
        with plane_on_trial(
            self._bench, self._blobs, [endpoint], _serving(self._serve, settings)
        ) as plane:
            found = tried(
                plane,
                settings,
                f"/endpoints/{endpoint.name}/predict",
                self._bodies,
                kind=kind,
                clients=clients,
                seconds=self._asked.seconds,
                limits={name: limit for name, (limit, _) in self._objectives.items()},
            )
        self._done += 1
        return found

    def _variant(self) -> ModelVersion | None:
        """Return the fastest lighter variant of the champion that passed its gate."""
        from keepwell.operations.lighter import lighter_variants

        found = lighter_variants(self._bench, self._version)
        return found[0].version if found else None


def worker_counts(cores: float) -> tuple[int, ...]:
    """Return the numbers of workers worth trying.

    >>> worker_counts(2), worker_counts(16)
    ((1, 2, 3), (1, 2, 4, 8, 16, 17))
    """
    whole = max(1, math.floor(cores))
    doubled = [2**at for at in range(whole.bit_length()) if 2**at <= whole]
    return tuple(sorted({*doubled, whole, whole + 1}))


def objectives_of(specs: Sequence[ObjectiveSpec]) -> dict[str, tuple[float, float]]:
    """Return the latency objectives by name: milliseconds, and the share of requests within them."""
    return {one.name: (one.limit, one.target) for one in specs if one.kind == "latency"}


def bodies_of(bench: Bench, version: ModelVersion, rows: int) -> list[str]:
    """Return requests made of the version's test rows; of its example where those are not known."""
    from keepwell.deployment.example import example_of
    from keepwell.operations.build.judge import open_scorer

    scorer = open_scorer(bench, version)
    found = []
    for row in _known_rows(bench, version):
        try:
            scorer.rows([row])
        except KeepwellError:  # it lacks what a client has to send
            continue
        found.append(row)
    if not found:
        found = [example_of(version.signature)]
    count = max(1, min(_ROWS, len(found)) // rows)
    return [
        json.dumps({"instances": [found[(at * rows + one) % len(found)] for one in range(rows)]})
        for at in range(count)
    ]


def _known_rows(bench: Bench, version: ModelVersion) -> Iterator[dict[str, Any]]:
    from keepwell.operations.comparison.ground import own_test_rows

    names = [field.name for field in version.signature.inputs]
    try:
        table = own_test_rows(bench, version)
    except KeepwellError:
        return
    known = [name for name in names if name in table.column_names]
    for row in table.select(known).slice(0, _ROWS).to_pylist():
        yield {
            name: value.isoformat() if hasattr(value, "isoformat") else value
            for name, value in row.items()
            if value is not None
        }


def _endpoint(bench: Bench, name: str) -> Endpoint:
    wanted = name or bench.spec.endpoint
    found = {one.name: one for one in bench.endpoints.find()}
    if wanted not in found:
        raise NotFoundError(
            f"there is no endpoint called '{wanted}'",
            why=f"endpoints: {', '.join(found) or 'none yet'}",
            now="keepwell run deploys the first version",
        )
    return found[wanted]


def _serving(serve: ServeSpec, settings: Settings) -> ServeSpec:
    return replace(
        serve,
        workers=settings.workers,
        limits=replace(serve.limits, in_flight=settings.in_flight),
        idle=None,
    )
