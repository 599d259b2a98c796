"""Lines of JSON as others read them: plain, for Elastic, for Splunk, for CloudWatch."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from keepwell.core.events import Event
from keepwell.core.records import Prediction
from keepwell.operations.outbound.bundle import Bundle, facts_of, message_of, severity_of
from keepwell.operations.outbound.samples import Sample

_EMF_MOST = 100  # metrics of one CloudWatch document
_EMF_DIMENSIONS = 30


def lines_of(bundle: Bundle, form: str) -> Iterator[str]:
    """Yield everything of a bundle, one JSON document a line."""
    for document in FORMS[form](bundle):
        yield json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _plain(bundle: Bundle) -> Iterator[dict[str, Any]]:
    for time, kind, message, facts in _told(bundle):
        yield {
            "time": _iso(time),
            "project": bundle.project,
            "kind": kind,
            "message": message,
            **facts,
        }


def _ecs(bundle: Bundle) -> Iterator[dict[str, Any]]:
    """Yield documents of Elastic's common schema: https://www.elastic.co/docs/reference/ecs ."""
    for time, kind, message, facts in _told(bundle):
        document: dict[str, Any] = {
            "@timestamp": _iso(time),
            "ecs": {"version": "8.11.0"},
            "message": message,
            "log": {"level": facts.get("severity", "info")},
            "service": {"name": bundle.project, "type": "keepwell", "version": bundle.version},
            "event": {
                "kind": "metric" if kind == "metric" else "event",
                "dataset": f"keepwell.{kind}",
                "action": facts.get("action", kind),
            },
            "keepwell": facts,
        }
        if facts.get("trace"):
            document["trace"] = {"id": facts["trace"]}
        yield document


def _splunk(bundle: Bundle) -> Iterator[dict[str, Any]]:
    """Yield what Splunk's HTTP Event Collector takes: `time`, `sourcetype`, `host`, `event`."""
    for time, kind, message, facts in _told(bundle):
        yield {
            "time": round(time, 3),
            "source": "keepwell",
            "sourcetype": f"keepwell:{kind}",
            "host": bundle.project,
            "event": {"message": message, **facts},
        }


def _emf(bundle: Bundle) -> Iterator[dict[str, Any]]:
    """Yield CloudWatch's embedded metric format: a document for each set of dimensions."""
    groups: dict[tuple[tuple[str, str], ...], list[Sample]] = {}
    for sample in bundle.samples:
        labels = {name: value for name, value in sample.labels.items() if value}
        groups.setdefault(tuple(sorted(labels.items()))[:_EMF_DIMENSIONS], []).append(sample)
    for labels_of, samples in groups.items():
        for first in range(0, len(samples), _EMF_MOST):
            some = {
                name: value
                for one in samples[first : first + _EMF_MOST]
                for name, value in _values(one)
            }
            yield {
                "_aws": {
                    "Timestamp": round(bundle.time * 1000),
                    "CloudWatchMetrics": [
                        {
                            "Namespace": "Keepwell",
                            "Dimensions": [["project", *(name for name, _ in labels_of)]],
                            "Metrics": [{"Name": name} for name in some],
                        }
                    ],
                },
                "project": bundle.project,
                **dict(labels_of),
                **some,
            }
    for event in bundle.events:  # lines without `_aws` are logs to CloudWatch
        yield {"time": _iso(event.time), "project": bundle.project, **_of_event(event)[2]}


Form = Callable[[Bundle], Iterator[dict[str, Any]]]
FORMS: dict[str, Form] = {"json": _plain, "ecs": _ecs, "splunk": _splunk, "emf": _emf}

Told = tuple[float, str, str, dict[str, Any]]


def _told(bundle: Bundle) -> Iterator[Told]:
    for sample in bundle.samples:
        values = dict(_values(sample))
        said = ", ".join(f"{name} {value:g}" for name, value in values.items())
        yield bundle.time, "metric", said, {"metrics": values, "labels": dict(sample.labels)}
    for event in bundle.events:
        kind, message, facts = _of_event(event)
        yield event.time, kind, message, facts
    for one in bundle.answered:
        facts = {
            "request": one.request, "prediction_id": one.id, "trace": one.trace,
            "endpoint": one.endpoint, "model": one.model, "version": one.version, "role": one.role,
            "latency_ms": one.latency_ms, "caller": one.caller,
        }  # fmt: skip
        yield one.time, "request", _answered(one), facts


def _answered(one: Prediction) -> str:
    return f"{one.endpoint} answered by {one.model}/{one.version} in {one.latency_ms:.3g} ms"


def _of_event(event: Event) -> tuple[str, str, dict[str, Any]]:
    facts = {
        **facts_of(event),
        "seq": event.seq, "actor": event.actor, "subject": f"{event.ref.kind}:{event.ref.name}",
        "action": event.verb, "why": event.why, "severity": severity_of(event),
    }  # fmt: skip
    return event.ref.kind, message_of(event), facts


def _values(sample: Sample) -> Iterator[tuple[str, float]]:
    if sample.kind == "histogram":
        yield f"{sample.name}_count", float(sample.count)
        yield f"{sample.name}_sum", sample.value
    else:
        yield sample.name, sample.value


def _iso(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds")
