"""Drift beside other tools: time, peak memory, drifts found, false alarms over draws without drift.

Every measurement is a process of its own and a line in the results file; one that is there is not made again,
so a run that was cut off goes on where it stopped.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.monitoring.world import drifting, write

SIZES = {"100k": (100_000, 50), "1M": (1_000_000, 50), "10M": (10_000_000, 100)}
SHIFT = 0.3
OWN = ("keepwell", "floor")
"""What runs here; `floor` only reads and counts, and finds nothing."""
MOST_REFERENCE = 1_000_000
TIMEOUT = 3600.0


def measure(
    folder: Path, sizes: list[str], peers: dict[str, str], draws: int, draw_rows: int
) -> None:
    """Measure what is missing in the results, and print the tables.

    Args:
        folder: Data and results.
        sizes: Keys of `SIZES`.
        peers: Interpreter of each other tool.
        draws: Comparisons without drift.
        draw_rows: Rows of each.
    """
    results = folder / "results.jsonl"
    known = _known(results)
    for size in sizes:
        rows, count = SIZES[size]
        reference, current = folder / f"{size}-reference.parquet", folder / f"{size}-drift.parquet"
        write(reference, count, min(rows, MOST_REFERENCE), seed=1)
        write(current, count, rows, seed=2, shift=SHIFT)
        for tool in (*OWN, *peers):
            _once(results, known, f"{size} {tool}", tool, peers, reference, current, count)
    reference = folder / "calm-reference.parquet"
    write(reference, 50, draw_rows, seed=3)
    for draw in range(draws):
        current = folder / f"calm-{draw}.parquet"
        write(current, 50, draw_rows, seed=1000 + draw)
        for tool in ("keepwell", *peers):
            name = f"calm {draw_rows} {draw} {tool}"
            _once(results, known, name, tool, peers, reference, current, 50)
    _print(known, sizes, [*OWN, *peers], draws, draw_rows)


def _once(
    results: Path,
    known: dict[str, dict[str, Any]],
    name: str,
    tool: str,
    peers: dict[str, str],
    *task: Any,
) -> None:
    if name in known:
        return
    reference, current, count = task
    words = (
        [
            sys.executable,
            "-m",
            "benchmarks.monitoring",
            "once",
            tool,
            str(reference),
            str(current),
            str(count),
        ]
        if tool in OWN
        else [
            peers[tool],
            str(Path(__file__).with_name("peer.py")),
            tool,
            str(reference),
            str(current),
        ]
    )
    start = time.perf_counter()
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=TIMEOUT)
        lines = done.stdout.strip().splitlines()
        found = json.loads(lines[-1]) if lines and not done.returncode else {}
        if not found:
            reason = (done.stderr.strip().splitlines() or ["killed"])[-1][:300]
            found = {"error": f"ended with {done.returncode}: {reason}"}
    except subprocess.TimeoutExpired:
        found = {"error": f"not done after {TIMEOUT:.0f} s"}
    known[name] = {"name": name, "wall": time.perf_counter() - start, **found}
    with results.open("a") as file:
        file.write(json.dumps(known[name]) + "\n")
    print({key: value for key, value in known[name].items() if key != "found"}, flush=True)


def _known(results: Path) -> dict[str, dict[str, Any]]:
    results.parent.mkdir(parents=True, exist_ok=True)
    lines = results.read_text().splitlines() if results.exists() else []
    return {item["name"]: item for item in map(json.loads, lines)}


def _print(
    known: dict[str, dict[str, Any]], sizes: list[str], tools: list[str], draws: int, rows: int
) -> None:
    print(
        f"\n| | {' | '.join(['seconds', 'fit', 'peak MB', 'found', 'false', 'times Keepwell'])} |"
    )
    print("|---|---|---|---|---|---|---|")
    for size in sizes:
        real = set(drifting(SIZES[size][1]))
        own = known.get(f"{size} keepwell", {}).get("seconds")
        for tool in tools:
            one = known.get(f"{size} {tool}", {"error": "not run"})
            if "error" in one:
                print(f"| {size} by {SIZES[size][1]}, {tool} | {one['error']} | | | | | |")
                continue
            found = set(one["found"])
            ratio = one["seconds"] / own if own else float("nan")
            print(
                f"| {size} by {SIZES[size][1]}, {tool} | {one['seconds']:.2f} | {one['fit']:.2f}"
                f" | {one['peak_mb']:,.0f} | {len(found & real)} of {len(real)}"
                f" | {len(found - real)} | {ratio:.1f} |"
            )
    print(f"\n| {draws} draws of {rows:,} rows without drift | draws with an alarm | columns |")
    print("|---|---|---|")
    for tool in tools:
        if tool == "floor":
            continue
        calm = [known.get(f"calm {rows} {draw} {tool}", {}) for draw in range(draws)]
        told = [len(one["found"]) for one in calm if "found" in one]
        print(f"| {tool} | {sum(map(bool, told))} of {len(told)} | {sum(told)} |")
