"""Engines side by side: the same rows, the same seconds, one process for each engine and data set.

    python -m benchmarks.automl                                  # all that are installed, 60 seconds each
    python -m benchmarks.automl --budget 60 240 --python autogluon=/path/python --python h2o=/path/python
    python -m benchmarks.automl --budget 10 --tables iris wine --engines keepwell --results /tmp/try
    python -m benchmarks.automl --report                         # the tables, without a run

Each result is a line of the results file as soon as it is there; what is in it is not run again, so a
run that was stopped goes on where it was. At the end the tables are printed, and with `--page` put into the
page of the docs. Engines without a budget (default LightGBM, CatBoost, histogram boosting) take what they
take. With
`--python`, an engine runs in an interpreter of its own; `autogluon` stands for `autogluon-best` too.
"""

import argparse
import os
import platform
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.automl import report
from benchmarks.automl.catalogue import ENGINES
from benchmarks.automl.running import apart
from benchmarks.automl.tables import names

_CALM = 0.3  # cores that others may be busy with


def main() -> int:
    """Run what was asked for and print the tables."""
    asked = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no child outlives this
    pythons = dict(item.split("=", 1) for item in asked.python)
    failed = False
    if not asked.report:
        present = [name for name in asked.engines if _present(name, _python(name, pythons))]
        for missing in set(asked.engines) - set(present):
            print(f"{missing} is left out: its package is not installed", flush=True)
        for budget in asked.budget:
            for table in asked.tables:
                for engine in present:
                    failed |= _one(engine, table, budget, asked, pythons)
    results = report.read(asked.results)
    print(f"\n{report.rendered(results)}")
    if asked.page:
        report.PAGE.write_text(report.filled(report.PAGE.read_text(), results))
    return int(failed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--budget", type=float, nargs="+", default=[60.0])
    parser.add_argument("--tables", nargs="*", default=names())
    parser.add_argument("--engines", nargs="*", default=list(ENGINES), choices=list(ENGINES))
    parser.add_argument("--python", action="append", default=[], metavar="ENGINE=PATH")
    parser.add_argument("--results", type=Path, default=report.RESULTS)
    parser.add_argument(
        "--wait", type=float, default=120.0, help="at most so long for a calm machine"
    )
    parser.add_argument("--report", action="store_true", help="run nothing")
    parser.add_argument("--page", action="store_true", help="fill docs/reference/automl.md")
    return parser


def _one(
    engine: str, table: str, budget: float, asked: argparse.Namespace, pythons: dict[str, str]
) -> bool:
    """Run one, unless it was; return whether it failed."""
    if report.done(report.read(asked.results), engine, table, budget):
        return False
    _wait_for_calm(asked.wait)
    result = {
        "engine": engine,
        "table": table,
        "budget": budget,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": _machine(),
        **apart(engine, table, budget, _python(engine, pythons)),
    }
    report.append(asked.results, result)
    print(result, flush=True)
    return "error" in result


def _python(engine: str, pythons: dict[str, str]) -> str:
    return pythons.get(engine) or pythons.get(engine.partition("-")[0]) or sys.executable


def _present(engine: str, python: str) -> bool:
    package = ENGINES[engine].package
    look = f"import importlib.util as u, sys; sys.exit(u.find_spec({package!r}) is None)"
    return subprocess.run([python, "-c", look], check=False, capture_output=True).returncode == 0


def _machine() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores, {platform.machine()}, CPython {platform.python_version()}"


def _wait_for_calm(longest: float) -> None:
    """Wait, not for ever, until nobody else is at work: the engine before may still be ending."""
    import psutil

    end = time.monotonic() + longest
    cores = psutil.cpu_count() or 1
    while time.monotonic() < end and psutil.cpu_percent(1.0) * cores / 100 > _CALM:
        pass


if __name__ == "__main__":
    sys.exit(main())
