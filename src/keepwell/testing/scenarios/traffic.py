"""Requests that were answered, and what turned out to be true: written where workers and callers write."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keepwell.core.identifiers import new_id
from keepwell.testing.scenarios.rows import Row, Rows

if TYPE_CHECKING:
    import numpy as np

    from keepwell.core.records import Endpoint, Route
    from keepwell.deployment.scoring import Scorer
    from keepwell.workspace import Workspace

Change = Callable[[Row, "np.random.Generator"], Row]
Asked = tuple[float, str, Row, Any]
Truth = Callable[[Row, Any, "np.random.Generator"], Any]


def as_ever(row: Row, random: np.random.Generator) -> Row:
    """Return a row as it is."""
    return row


def as_it_was(row: Row, outcome: Any, random: np.random.Generator) -> Any:
    """Return an outcome as it is."""
    return outcome


@dataclass(slots=True, kw_only=True)
class Worker:
    """One worker, as its heartbeat tells of it: counts are by version and status."""

    index: int
    started: float
    alive: bool = True
    counts: dict[tuple[int, str], int] = field(default_factory=dict)


class Traffic:
    """What arrives, and how it is answered; faults change its attributes.

    Attributes:
        rows: Requests of one row each, from one look to the next.
        change: What happens to a row before it arrives.
        truth: What turns out to be true of a row, from what would have been.
        told: Share of outcomes that come.
        delay: Seconds that an outcome takes.
        latency_ms: Typical latency of a version's answers, by version; 0 stands for the others.
        failing: Share of its requests that a version fails.
        kept: Rows that are drawn from in place of the whole dataset.
        again: How often outcomes are told once more, and otherwise.
    """

    def __init__(self, workspace: Workspace, rows: Rows, seed: int) -> None:
        import numpy as np

        from keepwell.infrastructure.segments import SegmentWriter

        self.rows, self.told, self.delay, self.again = 0, 1.0, 0.0, 0
        self.change: Change = as_ever
        self.truth: Truth = as_it_was
        self.latency_ms: dict[int, float] = {0: 4.0}
        self.failing: dict[int, float] = {}
        self.kept: list[Row] = []
        self.random = np.random.default_rng(seed)
        self.workers = [Worker(index=0, started=workspace.clock.now())]
        self._workspace, self._rows = workspace, rows
        self._writer = SegmentWriter.claim(workspace.home / "serving" / "segments", "worker-0")
        self._scorers: dict[int, Scorer] = {}
        self._waiting: list[tuple[float, str, Any]] = []

    def close(self) -> None:
        """Let go of the log."""
        self._writer.close()

    def arrive(self, endpoint: Endpoint, since: float, until: float) -> None:
        """Let the requests of a stretch of time be asked and answered; those that fail are only counted."""
        from keepwell.deployment.routing import Split

        drawn = self._drawn()
        split = Split(endpoint.name, endpoint.routes)
        asked: dict[int, list[Asked]] = {}
        for at, (inputs, outcome) in enumerate(drawn):
            time = since + (until - since) * (at + 1) / len(drawn)
            request = new_id(time)
            route = endpoint.routes[split.pick(request)]
            changed = self.change(dict(inputs), self.random)
            truth = self.truth(changed, outcome, self.random)
            if self.random.random() < self.failing.get(route.version, 0.0):
                self._count(route.version, "500", 1)
            else:
                asked.setdefault(route.version, []).append((time, request, changed, truth))
        for version, some in asked.items():
            role = next(one for one in endpoint.routes if one.version == version)
            self._answer(endpoint, role, some)

    def tell(self) -> None:
        """Tell the outcomes that are due."""
        now = self._workspace.clock.now()
        due = [one for one in self._waiting if one[0] <= now]
        self._waiting = [one for one in self._waiting if one[0] > now]
        outcomes = [{"prediction_id": name, "outcome": truth} for _, name, truth in due]
        if outcomes:
            self._workspace.feedback.record(self._workspace.spec.endpoint, outcomes)
        for _ in range(self.again if outcomes else 0):
            self._workspace.feedback.record(self._workspace.spec.endpoint, self._opposite(outcomes))

    def _opposite(self, outcomes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return outcomes as if another one of them were true of each."""
        told = [one["outcome"] for one in outcomes]
        return [
            {**one, "outcome": next((x for x in told if x != one["outcome"]), one["outcome"])}
            for one in outcomes
        ]

    def _drawn(self) -> list[tuple[Row, Any]]:
        if self.kept:
            places = self.random.integers(0, len(self.kept), self.rows)
            return self._rows.of([self.kept[at] for at in places])
        return self._rows.draw(self.random, self.rows)

    def _answer(self, endpoint: Endpoint, route: Route, asked: list[Asked]) -> None:
        from keepwell.core.records import Prediction
        from keepwell.infrastructure.segments import encode_prediction

        asked = self._accepted(endpoint, route.version, asked)
        if not asked:
            return
        scores = self._scorer(endpoint, route.version).rows([row for _, _, row, _ in asked])
        usual = self.latency_ms.get(route.version, self.latency_ms[0])
        taken = usual * self.random.gamma(8.0, 1 / 8.0, len(asked))
        frames = []
        for at, (time, request, row, truth) in enumerate(asked):
            identifier = new_id(time)
            told = [] if scores.probabilities is None else scores.probabilities[at].tolist()
            prediction = Prediction(
                id=identifier,
                time=time,
                endpoint=endpoint.name,
                model=endpoint.model,
                version=route.version,
                role=route.role,
                request=request,
                key="",
                inputs=json.dumps(row),
                prediction=json.dumps(scores.predictions[at]),
                probabilities=tuple(told),
                latency_ms=float(taken[at]),
            )
            frames.append(encode_prediction(prediction))
            if self.random.random() < self.told:
                self._waiting.append((time + self.delay, identifier, truth))
        self._writer.append_all(frames)
        self._count(route.version, "200", len(asked))

    def _accepted(self, endpoint: Endpoint, version: int, asked: list[Asked]) -> list[Asked]:
        """Return the requests that a version takes; it refuses those that do not fit its signature."""
        from keepwell.core.errors import InvalidRequestError

        scorer, taken = self._scorer(endpoint, version), []
        with contextlib.suppress(InvalidRequestError):
            scorer.rows([row for _, _, row, _ in asked])
            return asked
        for one in asked:
            try:
                scorer.rows([one[2]])
            except InvalidRequestError:
                self._count(version, "422", 1)
            else:
                taken.append(one)
        return taken

    def _scorer(self, endpoint: Endpoint, version: int) -> Scorer:
        if version not in self._scorers:
            from keepwell.operations.build.judge import open_scorer

            record = self._workspace.registry.get(endpoint.model, version)
            self._scorers[version] = open_scorer(self._workspace.bench, record)
        return self._scorers[version]

    def _count(self, version: int, status: str, requests: int) -> None:
        worker = next((one for one in self.workers if one.alive), None)
        if worker is not None:
            worker.counts[version, status] = worker.counts.get((version, status), 0) + requests

    def beat(self) -> None:
        """Write the heartbeats of the living, and take away those of the dead."""
        from keepwell.deployment.server.heartbeat import Traffic as Counts
        from keepwell.deployment.server.heartbeat import WorkerState, heartbeat_path
        from keepwell.infrastructure.codec import to_json

        name, now = self._workspace.spec.endpoint, self._workspace.clock.now()
        for worker in self.workers:
            path = heartbeat_path(self._workspace.home, worker.index)
            if not worker.alive:
                path.unlink(missing_ok=True)
                continue
            counts = {
                str(version): Counts(
                    rows=worker.counts.get((version, "200"), 0),
                    statuses={st: n for (of, st), n in worker.counts.items() if of == version},
                )
                for version in {version for version, _ in worker.counts}
            }
            state = WorkerState(
                index=worker.index, pid=os.getpid(), started=worker.started, beat=now,
                traffic={name: counts},
            )  # fmt: skip
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(to_json(state))
