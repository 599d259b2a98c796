"""Results, one JSON a line, and the tables that are made of them."""

import json
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results.jsonl"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "automl.md"
START, END = "<!-- measured -->", "<!-- /measured -->"
_UP = ("roc_auc",)

Result = dict[str, Any]


def read(path: Path) -> list[Result]:
    """Return the last result of each engine, table and budget."""
    if not path.exists():
        return []
    lines = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    return list({_key(one): one for one in lines}.values())


def append(path: Path, result: Result) -> None:
    """Add a result."""
    with path.open("a") as file:
        file.write(json.dumps(result) + "\n")


def done(results: Iterable[Result], engine: str, table: str, budget: float) -> bool:
    """Tell whether there is a result already."""
    wanted = (engine, table, float(budget))
    return any(_key(one) == wanted and "error" not in one for one in results)


def ranks(results: Sequence[Result]) -> dict[str, float]:
    """Return the mean rank of each engine that has a result on every table; 1 is best, ties share."""
    tables = sorted({one["table"] for one in results})
    engines = _complete(results, tables)
    places: dict[str, list[float]] = {engine: [] for engine in engines}
    for table in tables:
        worth = {
            one["engine"]: one["score"] if one["metric"] in _UP else -one["score"]
            for one in results
            if one["table"] == table and one["engine"] in engines
        }
        for engine, value in worth.items():
            better = sum(other > value for other in worth.values())
            same = sum(other == value for other in worth.values())
            places[engine].append(better + (same + 1) / 2)
    found = {engine: statistics.fmean(place) for engine, place in places.items()}
    return dict(sorted(found.items(), key=lambda item: item[1]))


def rendered(results: Sequence[Result]) -> str:
    """Return all results as Markdown, a section for each budget."""
    results = [one for one in results if "error" not in one]
    if not results:
        return "There are no results yet: the command above makes them."
    budgets = sorted({one["budget"] for one in results})
    parts = [
        _section([one for one in results if one["budget"] == budget], budget) for budget in budgets
    ]
    return "\n\n".join(parts)


def filled(page: str, results: Sequence[Result]) -> str:
    """Return a page with the results between its marks."""
    before, rest = page.split(START, 1)
    return f"{before}{START}\n\n{rendered(results)}\n\n{END}{rest.split(END, 1)[1]}"


def _section(results: Sequence[Result], budget: float) -> str:
    placed = ranks(results)
    engines = [*placed, *sorted({one["engine"] for one in results} - set(placed))]
    tables = list(dict.fromkeys(one["table"] for one in results))
    days = sorted({one["date"] for one in results})
    machines = sorted({one["machine"] for one in results})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    lines = [
        f"## {budget:g} seconds",
        "",
        f"Measured {when} on {'; '.join(machines)}.",
        "",
        f"| engine | mean rank of {len(tables)} | seconds | most over budget | one row | 10,000 rows "
        "| peak memory | size |",
        "|---|---|---|---|---|---|---|---|",
        *(_means(engine, results, placed) for engine in engines),
        "",
        f"| data set | metric | {' | '.join(engines)} |",
        f"|---|---|{'---|' * len(engines)}",
        *(_scores(table, engines, results) for table in tables),
    ]
    return "\n".join(lines)


def _means(engine: str, results: Sequence[Result], placed: dict[str, float]) -> str:
    own = [one for one in results if one["engine"] == engine]
    tables = {one["table"] for one in results}
    rank = f"{placed[engine]:.2f}" if engine in placed else f"{len(own)} of {len(tables)} done"
    overs = [one["over"] for one in own if one["over"] is not None]
    cells = [
        engine,
        rank,
        f"{_median(own, 'seconds'):.1f}",
        f"{max(*overs, 0.0, 0.0):.1%}" if overs else "takes none",
        _micro(_median(own, "row_us")),
        f"{_median(own, 'many_ms'):,.0f} ms",
        f"{max(one['peak_mb'] for one in own):,} MB",
        _bytes(_median(own, "size_kb")),
    ]
    return f"| {' | '.join(cells)} |"


def _scores(table: str, engines: Sequence[str], results: Sequence[Result]) -> str:
    own = {one["engine"]: one for one in results if one["table"] == table}
    metric = next(iter(own.values()))["metric"]
    scores = {engine: one["score"] for engine, one in own.items()}
    best = (max if metric in _UP else min)(scores.values())
    cells = []
    for engine in engines:
        if engine not in scores:
            cells.append("-")
            continue
        value = scores[engine]
        shown = f"{value:,.0f}" if value > 1000 else f"{value:.5g}"
        cells.append(f"**{shown}**" if value == best else shown)
    return f"| {table} | {metric} | {' | '.join(cells)} |"


def _complete(results: Sequence[Result], tables: Sequence[str]) -> list[str]:
    engines = dict.fromkeys(one["engine"] for one in results)
    there = {(one["engine"], one["table"]) for one in results}
    return [name for name in engines if all((name, table) in there for table in tables)]


def _median(results: Sequence[Result], name: str) -> float:
    return statistics.median(one[name] for one in results)


def _micro(value: float) -> str:
    return f"{value:.0f} µs" if value < 1000 else f"{value / 1000:,.1f} ms"


def _bytes(kilobytes: float) -> str:
    return f"{kilobytes:,.0f} kB" if kilobytes < 1000 else f"{kilobytes / 1000:,.1f} MB"


def _key(one: Result) -> tuple[str, str, float]:
    return one["engine"], one["table"], float(one["budget"])
