"""The loop against simpler rules, on real streams in order of time.

    python -m benchmarks.loop                              # all streams: minutes
    python -m benchmarks.loop weather --rows 4000          # a slice of one
    python -m benchmarks.loop --page                       # and fill docs/reference/loop-benchmark.md
    python -m benchmarks.loop --report                     # the tables of the last results, without a run

Each result is a line of the results file as soon as it is there; streams that it
holds all of are not run again. What a training makes of a second or two varies: `--rounds 3` plays
each stream so often.

Each stream's first tenth trains version 1; the rest is a prediction log with outcomes, which
`keepwell.operations.simulation` replays: every rule sees what was known at each time and nothing later,
trains for real with the same seconds of the processor, and is judged by its answers to what followed.
"""

import argparse
import contextlib
import json
import logging
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.loop import report
from benchmarks.loop.clocks import count_processor_time, without_outcomes
from benchmarks.loop.rules import Rule, at_alarms, periodic
from benchmarks.loop.streams import DATA, STREAMS
from benchmarks.loop.world import DAY, past_of
from keepwell.operations.loop.tick import tick
from keepwell.operations.simulation import Candidate, Past, Plan, simulate
from keepwell.operations.simulation.result import Course
from keepwell.workspace import Workspace

STEP = DAY / 2


def main() -> int:
    """Run what was asked for and print the tables."""
    asked = _parser().parse_args()
    if not asked.report:
        if not DATA.is_dir():
            print(f"skipped: the data sets are not at {DATA}")
            return 0
        logging.disable(logging.ERROR)
        count_processor_time()
        for name, number in product(asked.streams or STREAMS, range(1, asked.rounds + 1)):
            _play(name, number, asked)
    results = report.read(asked.results)
    print(f"\n{report.rendered(results)}")
    if asked.page:
        report.PAGE.write_text(report.filled(report.PAGE.read_text(), results))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("streams", nargs="*", choices=[*STREAMS, []], default=[])
    parser.add_argument("--rows", type=int, help="only so many")
    parser.add_argument(
        "--budget", type=float, default=1.0, help="processor seconds of each training"
    )
    parser.add_argument(
        "--rounds", type=int, default=1, help="of each stream; the page tells their means"
    )
    parser.add_argument("--rules", nargs="*", default=["loop", "periodic", "alarms"])
    parser.add_argument("--results", type=Path, default=report.RESULTS)
    parser.add_argument("--machine", default="", help="what else ran, for the page")
    parser.add_argument("--report", action="store_true", help="run nothing")
    parser.add_argument("--page", action="store_true", help=f"fill {report.PAGE.name}")
    return parser


def _play(name: str, number: int, asked: argparse.Namespace) -> None:
    known = report.read(asked.results)
    if all(report.done(known, name, number, rule, asked.budget) for rule in asked.rules):
        return  # else all of its rules are run again: they begin with the same first version
    stream = STREAMS[name]()
    with past_of(stream, limit=asked.rows, budget=asked.budget) as workspace:
        rules: dict[str, tuple[Rule, str]] = {
            "loop": (tick, "canary"),
            "periodic": (periodic(4 * DAY), "all-at-once"),
            "alarms": (at_alarms(), "all-at-once"),
        }
        first = True
        for rule in asked.rules:
            decide, strategy = rules[rule]
            begun = time.perf_counter()
            measures = contextlib.nullcontext() if rule == "loop" else without_outcomes()
            with measures:
                course, actual = _follow(
                    workspace, decide, strategy, asked.budget, blind=rule == "periodic"
                )
            took = time.perf_counter() - begun
            if first:
                _keep(asked, stream, number, "frozen", actual, 0.0)
                first = False
            _keep(asked, stream, number, rule, course, took)
            for incident in course.incidents:
                print(
                    f"  {incident.title}: {incident.resolution or incident.status}. {incident.summary}"
                )


def _follow(
    workspace: Workspace, decide: Rule, strategy: str, budget: float, *, blind: bool
) -> tuple[Course, Course]:
    spec = workspace.spec
    rollout = replace(spec.serve.rollout, strategy=strategy)
    if decide is not tick:
        rollout = replace(rollout, watch=0.0)
    spec = replace(spec, serve=replace(spec.serve, rollout=rollout))
    if blind:  # nothing that a look measures is asked for
        monitor = replace(spec.monitor, window_rows=10, drift="off", concept="off")
        spec = replace(spec, monitor=monitor)
    past = Past(
        bench=workspace.bench,
        tables=workspace.tables,
        predictions=workspace.predictions,
        incidents=workspace.incidents,
    )
    found = simulate(
        past,
        spec.endpoint,
        [Candidate(name="rule", spec=spec)],
        Plan(step=STEP, train=budget),
        deciding=decide,
    )
    return found.policies[0], found.actual


def _keep(
    asked: argparse.Namespace, stream: Any, number: int, rule: str, course: Course, took: float
) -> None:
    quality = course.quality
    result = {
        "stream": stream.name,
        "about": stream.about,
        "rule": rule,
        "round": number,
        "rows": quality.rows if quality else 0,
        "metric": quality.metric if quality else "",
        "value": report.judged(quality) if quality else None,
        "metrics": quality.metrics if quality else {},
        "points": [point.value for point in quality.points] if quality else [],
        "retrainings": course.trainings,
        "failed": sum(one.status == "failed" for one in course.retrainings),
        "takeovers": len(course.takeovers),
        "training": round(course.training or 0.0, 1),
        "seconds": round(took, 1),
        "budget": asked.budget,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": report.machine() + (f"; {asked.machine}" if asked.machine else ""),
    }
    report.append(asked.results, result)
    print(
        json.dumps({key: result[key] for key in result if key not in ("points", "about")}),
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
