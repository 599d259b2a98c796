"""Advice on sizes, as a table with the numbers behind it."""

from typing import TYPE_CHECKING

from keepwell.cli.output import Output
from keepwell.core.durations import format_duration

if TYPE_CHECKING:
    from keepwell.operations.sizing import Advice, Part
    from keepwell.workspace import Workspace

_HOUR = 3600.0
_DAY = 24


def advised(out: Output, workspace: "Workspace", *, apply: bool) -> None:
    """Answer with the advice, after asking for it where `apply` says so."""
    from keepwell.infrastructure.codec import to_plain
    from keepwell.operations import sizing

    advice = sizing.gather(workspace)
    applied = apply and advice.changes
    if applied:
        sizing.apply(workspace.scaling, workspace.endpoints.find(), advice)
    document = to_plain(advice) | {"changes": advice.changes, "applied": applied}
    out.answer(document, lambda: _tell(out, advice, applied=applied))


def _tell(out: Output, advice: "Advice", *, applied: bool) -> None:
    out.table(
        [
            "workers of",
            "now",
            "advised",
            "busy now",
            "then",
            "requests/s",
            "processors, peak",
            "next day",
        ],
        [
            [
                one.name or "all endpoints",
                one.now,
                one.advised,
                f"{one.busy:.0%}" if one.now else None,
                f"{one.then:.0%}" if one.advised else None,
                round(one.requests, 3),
                round(one.peak, 3),
                round(one.expected, 3),
            ]
            for one in advice.parts
        ],
    )
    for one in advice.parts:
        out.say(f"{one.name or 'all endpoints'}: {one.reason}")
    _tell_cost(out, advice)
    _tell_hours(out, advice)
    _tell_evidence(out, advice)
    for note in advice.notes:
        out.say(f"! {note}", style="yellow")
    if applied:
        out.say("asked for; keepwell scale shows when they answer", style="green")
    elif advice.changes:
        out.say("next  keepwell scale --apply", style="cyan")


def _tell_cost(out: Output, advice: "Advice") -> None:
    from keepwell.monitoring.costs.prices import money

    workers = [sum(getattr(one, word) for one in advice.parts) for word in ("now", "advised")]
    sizes = [f"{count * advice.memory / 1e6:.0f} MB" for count in workers]
    if advice.memory:
        out.say(f"memory of workers: {sizes[0]} now, {sizes[1]} then")
    if not advice.priced:
        out.say("what memory costs is not stated: costs: {prices: {memory_gb_hour: 0.005}}")
        return
    before, after = (money(each, advice.currency) for each in (advice.before, advice.after))
    out.say(f"cost of that memory a month: {before} now, {after} then")


def _tell_hours(out: Output, advice: "Advice") -> None:
    """Tell of hours in which fewer would do, where that differs over the day."""
    from keepwell.monitoring.costs.prices import money

    uneven = [one for one in advice.parts if len(set(one.by_hour)) > 1]
    for one in uneven:
        out.say(f"{one.name or 'all endpoints'} by hour (UTC): {hours_told(one)}")
    if uneven and advice.priced:
        out.say(f"following the hours it would be {money(advice.by_hour, advice.currency)}")


def _tell_evidence(out: Output, advice: "Advice") -> None:
    seconds = round(advice.days * _DAY * _HOUR / 60) * 60
    if not seconds:
        return
    if advice.error is None or advice.held is None:
        out.say(
            f"rests on {format_duration(seconds)} of use; a second day will show how good it is"
        )
        return
    out.say(
        f"rests on {format_duration(seconds)} of use; earlier days foretold in the same way were off by "
        f"{advice.error:.0%} in the median hour, and {advice.held:.0%} of hours stayed below the upper line"
    )


def hours_told(part: "Part") -> str:
    """Return workers by stretches of hours: `00-07 1, 07-19 4, 19-24 1`."""
    by_hour = {(part.start + at) % _DAY: count for at, count in enumerate(part.by_hour)}
    told, begin = [], 0
    for hour in range(1, _DAY + 1):
        if hour == _DAY or by_hour[hour] != by_hour[begin]:
            told.append(f"{begin:02}-{hour:02} {by_hour[begin]}")
            begin = hour
    return ", ".join(told)
