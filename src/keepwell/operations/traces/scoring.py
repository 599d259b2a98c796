"""Gives new traces the scores of the project file, each once."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keepwell.core.clock import Clock
from keepwell.core.errors import KeepwellError
from keepwell.core.spec.tracing import ScorerSpec
from keepwell.infrastructure.codec import to_plain
from keepwell.monitoring.traces.answers import RULES, is_drawn, rated
from keepwell.monitoring.traces.forms.openai import item_of
from keepwell.monitoring.traces.log import TraceLine, TraceLog
from keepwell.monitoring.traces.span import Score
from keepwell.monitoring.traces.taking import TraceStore
from keepwell.monitoring.traces.wanted import WantedTraces, quoted
from keepwell.operations.traces.judge import ask_judge
from keepwell.operations.traces.own import own_score

JUDGE = "keepwell.judge"
"""The application that judges' own calls are told as: they cost something, too."""

SETTLED = 60.0
"""Seconds after which a trace whose first step never came is scored as it is."""

BACK = 3600.0
"""Traces that began longer ago, and have no score by now, stay without."""

AT_ONCE = {"judge": 20}
"""Most traces that one look scores, where each takes a call; of the rest, so many more."""

_MANY = 500

logger = logging.getLogger(__name__)


class Scoring:
    """Scores traces by the project's section.

    Args:
        log: The traces.
        store: Where scores go.
        scorers: What is scored.
        root: The project's folder, for functions of its own.
        clock: The time.
    """

    def __init__(
        self,
        log: TraceLog,
        store: TraceStore,
        scorers: Sequence[ScorerSpec],
        root: Path,
        clock: Clock,
    ) -> None:
        self._log = log
        self._store = store
        self._scorers = tuple(scorers)
        self._root = root
        self._clock = clock
        self._mute: dict[tuple[str, str], float] = {}  # asked, without an opinion: not again
        self._failing: dict[str, str] = {}

    def look(self) -> int:
        """Score what is new, and return how many scores that made.

        One that fails is told in the log, once, and tried again at the next look.
        """
        oldest = self._clock.now() - BACK
        self._mute = {key: began for key, began in self._mute.items() if began >= oldest}
        return sum(self._score(scorer) for scorer in self._scorers)

    def _score(self, scorer: ScorerSpec) -> int:
        given: list[Score] = []
        try:
            for line in self._unscored(scorer):
                score = self._of(scorer, line)
                if score is None:
                    self._mute[scorer.name, line.trace] = line.began
                else:
                    given.append(score)
        except KeepwellError as error:
            if self._failing.get(scorer.name) != str(error):
                logger.warning("the score '%s' cannot be given: %s", scorer.name, error)
            self._failing[scorer.name] = str(error)
        else:
            self._failing.pop(scorer.name, None)
        self._store.keep_scores(given)
        return len(given)

    def _unscored(self, scorer: ScorerSpec) -> list[TraceLine]:
        now = self._clock.now()
        most = AT_ONCE.get(scorer.kind, _MANY)
        name, by = quoted(scorer.name), quoted(_by(scorer))
        ready = f"(rooted OR ended < {now - SETTLED!r})"
        rows = self._log.ask(
            "SELECT trace FROM traces WHERE began >= "  # noqa: S608 (quoted)
            f"{now - BACK!r} AND app <> {quoted(JUDGE)} AND output <> '' AND {ready}"
            + (f" AND app = {quoted(scorer.app)}" if scorer.app else "")
            + " AND trace NOT IN (SELECT trace FROM scores WHERE scores.name = "  # noqa: S608
            f'{name} AND scores."by" = {by}) ORDER BY began',
            WantedTraces(since=now - BACK),
        )["trace"].to_pylist()
        wanted = [
            trace
            for trace in rows
            if (scorer.name, trace) not in self._mute and is_drawn(trace, scorer)
        ][:most]
        if not wanted:
            return []
        listed = ", ".join(map(quoted, wanted))
        found = self._log.ask(
            f"SELECT * EXCLUDE (ended, holds) FROM traces WHERE trace IN ({listed})",  # noqa: S608
            WantedTraces(since=now - BACK),
        )
        return [TraceLine(**row) for row in found.to_pylist()]

    def _of(self, scorer: ScorerSpec, line: TraceLine) -> Score | None:
        spans = self._store.spans_of(line.trace)
        if scorer.kind in RULES:
            source, (value, why) = "rule", rated(scorer, line.output)
        elif scorer.kind == "python":
            told = {**to_plain(line), "spans": [to_plain(span) for span in spans]}
            said, why = own_score(scorer, self._root, told)
            if said is None:
                return None
            source, value = "python", said
        else:
            verdict = ask_judge(scorer, line.input, line.output)
            self._tell(scorer, line, verdict.request, verdict.response, verdict.ms)
            if verdict.value is None:
                logger.warning("the judge of '%s' gives no score: %s", scorer.name, verdict.why)
                return None
            source, value, why = "judge", verdict.value, verdict.why
        return self._store.made(
            spans[0], scorer.name, value, source=source, by=_by(scorer), comment=why
        )

    def _tell(
        self, scorer: ScorerSpec, line: TraceLine, request: Any, response: Any, ms: float
    ) -> None:
        """Keep the judge's own call as a trace: it costs something, too."""
        call = {
            "app": JUDGE,
            "name": f"judge {scorer.name}",
            "request": request,
            "response": {"model": scorer.model, **response, "created": None},
            "ms": ms,
            "time": self._clock.now() - ms / 1000,
            "attributes": {"judged": line.trace},
        }
        self._store.take([item_of(call)], caller=JUDGE, partial=True)


def _by(scorer: ScorerSpec) -> str:
    return scorer.model if scorer.kind == "judge" else scorer.kind
