"""How an endpoint stands, as tables in a terminal."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from keepwell.cli.output import Output, ago, text
from keepwell.core.durations import format_duration

if TYPE_CHECKING:
    from keepwell.core.records import Estimate
    from keepwell.monitoring.objectives import Budget
    from keepwell.operations.standing import Standing

SHOWN = 12  # periods, the newest


def performance(out: Output, standing: "Standing") -> None:
    """Tell of performance by period."""
    _head(out, standing)
    track, delays = standing.tracks.get(standing.version), standing.delays
    half, most = delays.quantile(0.5), delays.quantile(0.9)
    out.facts(
        {
            "metric": f"{standing.metric}, {_estimate(standing.promised)} promised"
            if standing.promised
            else standing.metric,
            "outcomes take": f"{format_duration(half)} for half of them, {format_duration(most)} for 90%"
            if half is not None and most is not None
            else "not known yet",
            "estimated by": _method(standing),
            "estimates so far": f"off by {text(track.error)} on average, outcomes within the interval in"
            f" {track.inside} of {track.periods} periods"
            if track is not None and track.periods
            else None,
        }
    )
    rows = [
        [
            _moment(point.since),
            point.version,
            point.predictions,
            f"{point.coverage:.0%}",
            "-" if point.maturity is None else f"{point.maturity:.0%}",
            _estimate(point.estimated.get(standing.metric)),
            _estimate(point.realised.get(standing.metric)),
        ]
        for point in standing.points[-SHOWN:]
    ]
    out.table(
        [
            "from (UTC)",
            "version",
            "predictions",
            "coverage",
            "of those to come",
            "estimated",
            "realised",
        ],
        rows,
    )
    _signals(out, standing, "estimated_performance")


def kpis(out: Output, standing: "Standing") -> None:
    """Tell of KPIs by period."""
    _head(out, standing)
    if not standing.kpis:
        out.say("none is defined")
        out.say(
            'next  say in keepwell.yaml: monitor: {kpis: {NAME: {sql: "select …", target: 100}}}',
            style="cyan",
        )
        return
    for kpi in standing.kpis:
        better = "at least" if kpi.direction == "higher" else "at most"
        target = "no target" if kpi.target is None else f"{better} {text(kpi.target)}"
        out.say(f"{kpi.name}, {target}", style="bold")
        several = len({point.version for point in kpi.points}) > 2  # noqa: PLR2004 (all, and one)
        shown = [point for point in kpi.points if several or not point.version][-SHOWN:]
        rows = [
            [
                _moment(point.since),
                point.version or "all",
                point.predictions,
                point.outcomes,
                point.problem or point.value,
            ]
            for point in shown
        ]
        out.table(["from (UTC)", "version", "predictions", "outcomes", "value"], rows)
    _signals(out, standing, "kpi")


def objectives(out: Output, standing: "Standing") -> None:
    """Tell of budgets and burn rates."""
    _head(out, standing)
    uptime = standing.uptime
    if uptime is not None:
        share = "not known yet" if uptime.share is None else f"{uptime.share * 100:.6g}%"
        out.facts({"uptime": f"{share} since {_moment(uptime.since)} UTC"})
    if not standing.budgets:
        out.say("nothing is promised")
        out.say(
            "next  say in keepwell.yaml: monitor: {objectives: [{availability: 99.9%}]}",
            style="cyan",
        )
        return
    rows = [_budget(budget) for budget in standing.budgets]
    out.table(["objective", "promised", "is", "budget left", "burn 1h", "burn 6h", "burn 3d"], rows)
    _signals(out, standing, "objective")


def fairness(out: Output, standing: "Standing") -> None:
    """Tell of groups by period, and of the worst parts."""
    _head(out, standing)
    if not standing.watched:
        out.say("no column's groups are watched")
        out.say("next  say in keepwell.yaml: monitor: {fairness: {by: [gender]}}", style="cyan")
    for one in standing.watched:
        limit = "no limit" if one.max_gap is None else f"limit {text(one.max_gap)}"
        points = [point for point in standing.groups if point.column == one.column][-SHOWN:]
        out.say(
            f"{one.column}: gaps between its groups; {limit} for {one.metric.replace('_', ' ')}",
            style="bold",
        )
        note = next((point.note for point in reversed(points) if point.note), "")
        names = list(dict.fromkeys(name for point in points for name in point.gaps))
        if note or not names:
            out.say(note or "no answers yet", style="dim")
            continue
        out.table(
            ["from (UTC)", "answers", "outcomes", *(name.replace("_", " ") for name in names)],
            [
                [
                    _moment(point.since),
                    point.predictions,
                    point.outcomes,
                    *(_estimate(point.gaps.get(name)) for name in names),
                ]
                for point in points
            ],
        )
    for part in standing.slices:
        out.say(f"worse  {part.words}")
    _signals(out, standing, "fairness")


def advice(out: Output, standing: "Standing") -> None:
    """Tell whether to retrain."""
    _head(out, standing)
    found = standing.advice
    if not found.verdict:
        out.say("nothing was predicted yet, so nothing is advised")
        return
    out.say(f"{found.verdict}: {found.reason}", style="bold")
    out.table(
        ["speaks for", "evidence"],
        [
            [{"retrain": "retraining", "wait": "waiting"}.get(fact.says), fact.words]
            for fact in found.evidence
        ],
    )


def _head(out: Output, standing: "Standing") -> None:
    out.say(
        f"{standing.endpoint}, version {standing.version}, looked at {ago(standing.time)}",
        style="bold",
    )


def _method(standing: "Standing") -> str:
    if standing.method == "confidence":
        return "the confidence of the model, calibrated on its test rows"
    if standing.method == "loss":
        return "a model of the loss, fitted on the test rows"
    return f"nothing: {standing.note}" if standing.note else "nothing"


def _budget(budget: "Budget") -> list[object]:
    from keepwell.monitoring.objectives import budget_left, good_share

    objective = budget.objective
    target = f"{objective.target * 100:.6g}%"
    promised = {
        "latency": f"{target} below {objective.limit:g} ms",
        "freshness": f"at most {format_duration(objective.limit)} old",
        "quality": text(objective.limit),
    }.get(objective.kind, target)
    share = None if budget.share is None else good_share(budget)
    if objective.kind == "freshness" and budget.now is not None:
        share = f"{format_duration(budget.now)} old"
    if objective.kind == "quality" and budget.now is not None:
        share = text(budget.now)
    left = None if budget.left is None else budget_left(budget)
    return [objective.name, promised, share, left, *(f"{burn.long:.3g}" for burn in budget.burns)]


def _signals(out: Output, standing: "Standing", kind: str) -> None:
    for signal in standing.signals:
        if signal.kind == kind:
            out.say(f"! {signal.message}", style="red")


def _estimate(found: "Estimate | None") -> str | None:
    if found is None:
        return None
    if found.low is None or found.high is None or found.low == found.high:
        return text(found.value)
    return f"{text(found.value)} ({text(found.low)} to {text(found.high)})"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
