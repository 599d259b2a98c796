"""A simulation, as a terminal shows it: all policies in one table, what each decided, quality over time."""

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from keepwell.cli.output import Output
from keepwell.core.durations import format_duration

if TYPE_CHECKING:
    from keepwell.operations.simulation import Course, Simulation

HEIGHT = 8
_RESOLUTIONS = ("healed", "no_change", "failed", "simulated")


def tell_simulation(out: Output, found: "Simulation", limit: int) -> None:
    """Print what each policy would have done, beside what really happened."""
    out.say(
        f"{found.endpoint}: {found.predictions:,} predictions and {found.outcomes:,} outcomes"
        f" from {_time(found.since)} to {_time(found.until)} (UTC)",
        style="bold",
    )
    for note in (
        *found.notes,
        *dict.fromkeys(note for one in found.policies for note in one.notes),
    ):
        out.say(f"note: {note}", style="dim")
    out.table(*_overview(found))
    for course in found.courses:
        _tell_course(out, course, limit)
    if found.acted:
        _tell_quality(out, found)
    if not found.trained:
        out.say()
        out.say(
            "a retraining closes its incident as `simulated`: nothing was trained, so what it would have"
            " brought is not known. To see that: --train 5",
            style="dim",
        )
    if not found.acted and any(one.interventions for one in found.policies):
        out.say(
            "what else would have been done was noted only. To carry out what changes answers: --act",
            style="dim",
        )


def _overview(found: "Simulation") -> tuple[list[str], list[list[Any]]]:
    measured = next((one.quality.metric for one in found.courses if one.quality), "")
    columns = ["policy", "looks", "incidents", "retrainings", "new champions", "ended"]
    intervened = any(one.interventions for one in found.courses)
    if intervened:
        columns.append("interventions")
    if measured:
        columns.append(measured)
    if found.trained:
        columns.append("training")
    rows = []
    for one in found.courses:
        row: list[Any] = [
            one.name,
            one.looks or None,
            len(one.incidents),
            one.trainings,
            len(one.takeovers),
            ", ".join(f"{n} {name}" for name in _RESOLUTIONS if (n := one.closed(name))),
        ]
        if intervened:
            row.append(_interventions(one, simulated=one is not found.actual))
        if measured:
            row.append(one.quality.value if one.quality else None)
        if found.trained:
            row.append(None if one.training is None else format_duration(one.training))
        rows.append(row)
    return columns, rows


def _interventions(course: "Course", *, simulated: bool) -> str:
    """Return how many interventions ended how; those whose effect was not simulated apart."""
    ends = Counter(
        one.intervention.status
        if one.simulated or one.intervention.status != "kept" or not simulated
        else "noted"
        for one in course.interventions
    )
    return ", ".join(f"{count} {name}" for name, count in sorted(ends.items()))


def _tell_course(out: Output, course: "Course", limit: int) -> None:
    moves = [
        *((one.time, one.action, one.reason) for one in course.decisions),
        *(
            (one.time, "champion", f"version {one.version}" + (f": {one.why}" if one.why else ""))
            for one in course.takeovers
        ),
    ]
    out.say()
    out.say(course.name, style="bold")
    if not moves:
        out.say("nothing was decided")
        return
    out.table(
        ["when", "what", "why"],
        [[_time(time), what.replace("_", " "), why] for time, what, why in sorted(moves)[:limit]],
    )
    if len(moves) > limit:
        out.say(f"and {len(moves) - limit:,} more: --limit {len(moves)}", style="dim")


def _tell_quality(out: Output, found: "Simulation") -> None:
    """Draw each policy's quality as a filled curve, with what was really served as a line through it."""
    from keepwell.cli.demo.chart import draw, mark

    real = found.actual.quality
    for course in found.policies:
        if course.quality is None or real is None:
            continue
        mine = [point.value for point in course.quality.points]
        theirs = _at(real, [point.time for point in course.quality.points])
        known = [value for value in (*mine, *theirs) if value is not None]
        if not known or max(known) <= min(known):
            continue
        low, high = min(known), max(known)
        low -= 0.05 * (high - low)
        out.say()
        out.say(
            f"{course.quality.metric} of '{course.name}' over time, {low:.3g} to {high:.3g};"
            " the line is what was served",
            style="bold",
        )
        for row in draw(mine, theirs, height=HEIGHT, low=low, high=high):
            out.say("  " + "".join(char for char, _ in row).rstrip())
        span = max(found.until - found.since, 1.0)
        places = {
            min(len(mine) - 1, int((one.time - found.since) / span * len(mine))): "↑"
            for one in course.takeovers
        }
        out.say("  " + mark(len(mine), places).rstrip())
        if places:
            out.say("  ↑ a new champion", style="dim")


def _at(real: Any, times: list[float]) -> list[float | None]:
    """Return what was served at times, by the stretch that each falls into."""
    values: list[float | None] = []
    for time in times:
        before = [point.value for point in real.points if point.time <= time]
        values.append(before[-1] if before else None)
    return values


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
