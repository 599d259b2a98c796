"""Results, one JSON a line, and the tables that are made of them."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keepwell.operations.simulation.result import Quality

RESULTS = Path(__file__).parent / "results.jsonl"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "loop-benchmark.md"
START, END = "<!-- measured -->", "<!-- /measured -->"
RULES = {
    "loop": "Keepwell's loop",
    "frozen": "frozen",
    "periodic": "every four days",
    "alarms": "at every alarm",
}
_UP = ("roc_auc", "accuracy", "average_precision", "r2")
_ORDERS = ("roc_auc", "average_precision")

Result = dict[str, Any]


def read(path: Path) -> list[Result]:
    """Return the last result of each stream, rule and round."""
    if not path.exists():
        return []
    lines = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    return list({(one["stream"], one["rule"], one["round"]): one for one in lines}.values())


def append(path: Path, result: Result) -> None:
    """Add a result."""
    with path.open("a") as file:
        file.write(json.dumps(result) + "\n")


def done(results: Sequence[Result], stream: str, number: int, rule: str, budget: float) -> bool:
    """Tell whether there is a result already."""
    wanted = {"stream": stream, "rule": rule, "round": number, "budget": budget}
    return any(wanted.items() <= one.items() for one in results)


def machine() -> str:
    """Return what is measured on."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores, {platform.machine()}, CPython {platform.python_version()}"


def judged(quality: Quality) -> float | None:
    """Return the one number that a rule is judged by.

    Metrics that go by the order of scores are averaged over the points in time, by rows (the
    prequential AUC of Brzezinski and Stefanowski, 2017): over the whole stream they would hold the
    scores of one version against those of another, which nobody does who uses them. The others
    are of all rows together.
    """
    if quality.metric not in _ORDERS:
        return quality.value
    known = [point for point in quality.points if point.value is not None]
    rows = sum(point.rows for point in known)
    return sum((point.value or 0.0) * point.rows for point in known) / rows if rows else None


def averaged(results: Sequence[Result], stream: str) -> dict[str, Result]:
    """Return what each rule made of a stream: the means of all rounds, and what each round's value was."""
    made = {}
    for rule in RULES:
        own = [one for one in results if (one["stream"], one["rule"]) == (stream, rule)]
        own = [one for one in own if one["value"] is not None]  # too few rows to tell
        if own:
            means = {
                name: fmean(one[name] for one in own)
                for name in ("value", "retrainings", "takeovers", "training")
            }
            made[rule] = own[0] | means | {"values": sorted(one["value"] for one in own)}
    return made


def verdict(results: Sequence[Result], stream: str) -> tuple[bool, bool] | None:
    """Return whether the loop is as good as the best rule, and trains at most half as often as that one.

    As good is: within half a percent of the best rule's metric. Both are means of all rounds. None without
    all results.
    """
    own = averaged(results, stream)
    if set(own) != set(RULES):
        return None
    loop = own.pop("loop")
    best = max(own.values(), key=_worth)
    slack = 0.005 * abs(_worth(best))
    return (
        _worth(loop) >= _worth(best) - slack,
        loop["retrainings"] <= best["retrainings"] / 2 or best["rule"] == "frozen",
    )


def rendered(results: Sequence[Result]) -> str:
    """Return all results as Markdown."""
    if not results:
        return "There are no results yet: the command above makes them."
    streams = list(dict.fromkeys(one["stream"] for one in results))
    days = sorted({one["date"] for one in results})
    machines = "; ".join(sorted({one["machine"] for one in results}))
    budgets = ", ".join(f"{budget:g} s" for budget in sorted({one["budget"] for one in results}))
    rounds = len({one["round"] for one in results})
    lines = [
        f"Measured {' to '.join(dict.fromkeys((days[0], days[-1])))} on {machines}; {budgets} for each"
        " training; "
        + (f"means of {rounds} rounds, and their range." if rounds > 1 else "one round."),
        "",
        "| stream | rows | metric | " + " | ".join(RULES.values()) + " |",
        "|---|---|---|" + "---|" * len(RULES),
        *(_qualities(results, stream) for stream in streams),
        "",
        "Retrainings, versions that took over, and seconds of training:",
        "",
        "| stream | " + " | ".join(RULES.values()) + " |",
        "|---|" + "---|" * len(RULES),
        *(_costs(results, stream) for stream in streams),
    ]
    told = [_told(results, stream) for stream in streams]
    return "\n".join([*lines, "", *(line for line in told if line)]).rstrip()


def filled(page: str, results: Sequence[Result]) -> str:
    """Return a page with the results between its marks."""
    before, rest = page.split(START, 1)
    return f"{before}{START}\n\n{rendered(results)}\n\n{END}{rest.split(END, 1)[1]}"


def _worth(one: Result) -> float:
    return float(one["value"]) if one["metric"] in _UP else -float(one["value"])


def _qualities(results: Sequence[Result], stream: str) -> str:
    own = averaged(results, stream)
    best = max(own.values(), key=_worth)
    first = next(iter(own.values()))
    cells = []
    for rule in RULES:
        if rule not in own:
            cells.append("-")
            continue
        values = own[rule]["values"]
        shown = f"{own[rule]['value']:.4g}"
        shown = f"**{shown}**" if own[rule] is best else shown
        cells.append(f"{shown} ({values[0]:.4g} to {values[-1]:.4g})" if len(values) > 1 else shown)
    return f"| {stream} | {first['rows']:,} | {first['metric']} | {' | '.join(cells)} |"


def _costs(results: Sequence[Result], stream: str) -> str:
    own = averaged(results, stream)
    cells = [
        f"{own[rule]['retrainings']:.3g}, {own[rule]['takeovers']:.3g}, {own[rule]['training']:.0f} s"
        if rule in own
        else "-"
        for rule in RULES
    ]
    return f"| {stream} | {' | '.join(cells)} |"


def _told(results: Sequence[Result], stream: str) -> str:
    found = verdict(results, stream)
    if found is None:
        return ""
    good, frugal = found
    quality = "as good as the best" if good else "not as good as the best"
    cost = "at most half its retrainings" if frugal else "more than half its retrainings"
    return f"- {stream}: {quality}, with {cost}."
