"""Monitors measured.

    python -m benchmarks.monitoring                     # what ends within minutes
    python -m benchmarks.monitoring drift --sizes 100k 1M 10M --peer evidently=/peers/evidently/bin/python
    python -m benchmarks.monitoring feeding | looking | power | errors | path | streams --data FOLDER

`drift` keeps each measurement in its folder and goes on where it was cut off.
"""

import argparse
import json
import resource
import sys
import tempfile
from pathlib import Path

from benchmarks.monitoring import drift, feeding, looking, path, power

PARTS = ("drift", "feeding", "looking", "power", "errors", "streams", "path")


def main() -> int:
    """Measure what was asked for."""
    if sys.argv[1:2] == ["once"]:
        return _once(*sys.argv[2:])
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[])
    parser.add_argument("--sizes", nargs="*", choices=list(drift.SIZES), default=["100k"])
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--draw-rows", type=int, default=20_000)
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()) / "keepwell-drift"
    )
    parser.add_argument(
        "--data", type=Path, help="folder with drift_noaa_weather and drift_room_occupancy"
    )
    asked = parser.parse_args()
    for part in asked.parts or ["drift", "feeding", "looking", "errors"]:
        print(f"\n-- {part}\n", flush=True)
        _measure(part, asked)
    return 0


def _measure(part: str, asked: argparse.Namespace) -> None:
    if part == "drift":
        peers = dict(one.partition("=")[::2] for one in asked.peer)
        drift.measure(asked.folder, asked.sizes, peers, asked.draws, asked.draw_rows)
    elif part == "feeding":
        feeding.measure()
    elif part == "looking":
        with tempfile.TemporaryDirectory() as folder:
            looking.measure(Path(folder))
    elif part == "power":
        power.simulated()
    elif part == "path":
        path.measure()
    elif part == "errors":
        power.errors()
    elif asked.data is None:
        print("streams need --data FOLDER")
    else:
        power.streams(asked.data)


def _once(tool: str, reference: str, current: str, count: str) -> int:
    from benchmarks.monitoring import keepwell_tool

    found = (
        keepwell_tool.floor(Path(current))
        if tool == "floor"
        else keepwell_tool.run(Path(reference), Path(current), int(count))
    )
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
