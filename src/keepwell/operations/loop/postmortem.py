"""The story of an incident, told from its record: what, when, why, what was done, did it help."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from keepwell.core.durations import format_duration
from keepwell.core.records import Decision, Entry, Incident

_RESOLUTIONS = {
    "healed": "healed",
    "no_change": "closed without a change",
    "failed": "not healed",
    "recovered": "right again",
    "by_hand": "closed by hand",
    "": "still open",
}


def time_to_detect(incident: Incident) -> float:
    """Return seconds from the first row that the first signal rests on to the incident's opening."""
    return max(0.0, incident.opened - incident.detected)


def time_to_recover(incident: Incident) -> float | None:
    """Return seconds from the incident's opening to its close; None unless it was healed or recovered."""
    if incident.resolution not in ("healed", "recovered") or incident.closed is None:
        return None
    return max(0.0, incident.closed - incident.opened)


def time_to_acknowledge(incident: Incident) -> float | None:
    """Return seconds from the opening to somebody taking it on; None if nobody has."""
    return (
        None if incident.acknowledged is None else max(0.0, incident.acknowledged - incident.opened)
    )


def post_mortem(
    incident: Incident,
    decisions: Sequence[Decision],
    *,
    now: float,
    changes: Sequence[Entry] = (),
    effects: Sequence[str] = (),
    affected: Sequence[str] = (),
) -> str:
    """Return the story as Markdown; decisions are told in the order that they are given in.

    Args:
        incident: Whose story.
        decisions: What was decided.
        now: For what is not over.
        changes: What changed around it.
        effects: What was done and what that did, each in a sentence.
        affected: Endpoints, columns and groups.
    """
    parts = [
        f"# {incident.title}",
        _facts(incident, now),
        incident.summary,
        _section("What was seen", [_signal(item) for item in _signal_rows(incident)]),
        _section("Likely causes", [_cause(item) for item in incident.causes]),
        _section("What changed around it", [_entry(item) for item in changes]),
        _section("Affected", affected),
        _section("What was done, and what it did", effects),
        _section("Champion and challenger on the same rows", _comparison(incident)),
        _section("Timeline", [_entry(item) for item in incident.timeline]),
        _section("Decisions", [_decision(item) for item in decisions]),
        _section("Notes", [f"{_moment(n.time)} · {n.by}: {n.text}" for n in incident.notes]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _facts(incident: Incident, now: float) -> str:
    recovered = time_to_recover(incident)
    taken = time_to_acknowledge(incident)
    facts = [
        ("endpoint", incident.endpoint),
        ("about", incident.subject),
        ("owner", incident.owner),
        ("outcome", _RESOLUTIONS.get(incident.resolution, incident.resolution)),
        ("opened (UTC)", _moment(incident.opened)),
        ("closed (UTC)", _moment(incident.closed) if incident.closed is not None else ""),
        ("open for", format_duration(max(0.0, (incident.closed or now) - incident.opened))),
        ("time to detect", format_duration(time_to_detect(incident))),
        ("time to acknowledge", format_duration(taken) if taken is not None else ""),
        ("time to recover", format_duration(recovered) if recovered is not None else ""),
        ("retraining run", incident.run),
        ("candidate", f"version {incident.candidate}" if incident.candidate else ""),
        ("rollout", incident.rollout),
        ("incident", incident.id),
    ]
    rows = [f"| {name} | {value} |" for name, value in facts if value]
    return "\n".join(["| | |", "|---|---|", *rows])


def _entry(entry: Entry) -> str:
    return f"{_moment(entry.time)} · {entry.kind}: {entry.text}"


def _moment(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _section(title: str, lines: Sequence[str]) -> str:
    return "\n".join([f"## {title}", "", *(f"- {line}" for line in lines)]) if lines else ""


def _signal_rows(incident: Incident) -> list[Any]:
    return sorted(incident.signals, key=lambda signal: -signal.severity)


def _signal(signal: Any) -> str:
    return (
        f"{signal.message} ({signal.kind} {signal.value:.3g}, limit {signal.limit:.3g},"
        f" {signal.rows:,} rows, version {signal.version})"
    )


def _cause(cause: Any) -> str:
    return f"**{cause.title}** ({cause.score:.2f}): {cause.evidence}"


def _comparison(incident: Incident) -> list[str]:
    found = incident.evidence.get("comparison")
    if not isinstance(found, dict) or not found:
        return []
    low, high = found.get("low"), found.get("high")
    interval = (
        f" (95% interval {low:+.4f} to {high:+.4f})" if low is not None and high is not None else ""
    )
    return [
        f"{found['metric']} on {found['rows']:,} rows: champion {found['champion']:.4f},"
        f" challenger {found['challenger']:.4f}, gain {found['gain']:+.4f}{interval}"
    ]


def _decision(decision: Decision) -> str:
    outcome = "" if decision.outcome in ("", "done") else f" → {decision.outcome}"
    return f"{_moment(decision.time)} · **{decision.action}**: {decision.reason}{outcome}"
