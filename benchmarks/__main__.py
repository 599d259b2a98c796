"""Run benchmarks one after the other, each in a process of its own.

python -m benchmarks            # all but the soak and automl, at sizes that end within minutes
python -m benchmarks start      # one
"""

import subprocess
import sys

BENCHMARKS = {
    "start": "import and help time; a run in which nothing changed, 5M rows",
    "ingest": "a CSV of 5M rows into a checked, profiled version, against duckdb alone",
    "serving": "logged predictions over HTTP, against servers that answer a constant",
    "estimators": "one row through every compiled estimator, against its original",
    "batch": "a file of millions of rows, against the booster alone on a ready array",
    "soak": "ten minutes at full load: memory of every process, rows logged against rows answered",
    "monitoring": "drift of 100k against 100k rows of 50 columns, feeding of accumulators, a look",
    "baselines": "test scores on six public data sets, against the scores in their READMEs",
    "automl": "engines side by side on the same rows, 60 seconds each: hours, if all are installed",
    "replay": "two real drifting streams through the running server, healed against frozen",
}


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; return 1 if one failed."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"there is no benchmark called {unknown[0]}; there are {', '.join(BENCHMARKS)}")
        return 2
    failed = []
    for name in names or [name for name in BENCHMARKS if name not in ("soak", "automl")]:
        print(f"\n== {name}: {BENCHMARKS[name]}\n", flush=True)
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode:
            failed.append(name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
