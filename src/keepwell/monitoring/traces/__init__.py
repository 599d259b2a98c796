"""Traces of language models: what was asked, what came back, how long it took, what it cost, how good it was.

    store.take([{"app": "helpdesk", "kind": "llm", "model": "gpt-4o-mini", "input": …, "output": …}])
    log.find(WantedTraces(app="helpdesk", where=("score:helpful<0.5",)))

A trace is a tree of steps (`Span`), told by `kw.monitor.trace`, over HTTP, or by OpenTelemetry; each is kept
once. What tokens cost is worked out when somebody looks, by the prices that hold then.
"""

from keepwell.monitoring.traces.log import TraceLine, TraceLog, TracePage
from keepwell.monitoring.traces.span import Score, Span
from keepwell.monitoring.traces.taking import TakenSpans, TraceStore
from keepwell.monitoring.traces.wanted import WantedTraces

__all__ = [
    "Score",
    "Span",
    "TakenSpans",
    "TraceLine",
    "TraceLog",
    "TracePage",
    "TraceStore",
    "WantedTraces",
]
