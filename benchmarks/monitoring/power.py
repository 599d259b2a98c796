"""How often drift is found and how often it is told where there is none: simulated, and on real streams.

python -m benchmarks.monitoring power
python -m benchmarks.monitoring streams --data ../shared/data
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv

from benchmarks.monitoring.world import columns, drifting, piece
from keepwell.core.plugins import plugin_names
from keepwell.core.records import Column, ColumnType, Profile
from keepwell.data.profiles import profile_table
from keepwell.monitoring.concept import error_detector
from keepwell.monitoring.concept.base import NAMES
from keepwell.monitoring.counting import count_column
from keepwell.monitoring.detectors.noise import learn_floors
from keepwell.monitoring.drift import AUTO, compare_columns

COUNT = 20
SHIFTS = (0.0, 0.25, 0.5, 1.0)
STREAMS = {
    "noaa weather": ("drift_noaa_weather/noaa_weather.csv", 365 * 20, 365),
    "room occupancy": ("drift_room_occupancy/room_occupancy.csv", 8_000, 720),
}
"""File, rows of training, rows of a window."""


def simulated(repeats: int = 20) -> None:
    """Print the share of columns that each detector reports, by rows of the window and size of the shift."""
    reference = profile_table(piece(COUNT, 20_000, 0), columns(COUNT))
    moved = {name for name in drifting(COUNT) if name.startswith("n")}
    print(
        "| detector | rows | "
        + " | ".join(f"{one} sd" if one else "unmoved" for one in SHIFTS)
        + " |"
    )
    print("|---|---|" + "---|" * len(SHIFTS))
    for name in (AUTO, *plugin_names("detectors")):
        for rows in (100, 1_000, 10_000):
            cells = []
            for shift in SHIFTS:
                hits = total = 0
                for seed in range(repeats):
                    table = piece(COUNT, rows, 1000 + seed, shift)
                    for report in _reports(reference, table, name):
                        if not shift or report[0] in moved:
                            hits += report[1]
                            total += 1
                cells.append(f"{hits / total:.1%}")
            print(f"| {name} | {rows:,} | " + " | ".join(cells) + " |", flush=True)


def errors(repeats: int = 50) -> None:
    """Print false alarms, power and delay of the detectors on streams of errors."""
    random = np.random.default_rng(0)
    calm = [(random.random(5_000) < 0.15).astype(float) for _ in range(repeats)]
    risen = [
        np.concatenate([random.random(2_000) < 0.15, random.random(2_000) < 0.25]).astype(float)
        for _ in range(repeats)
    ]
    print("\n| errors | alarms in 5,000 calm rows | rise from 15% to 25% found | rows until then |")
    print("|---|---|---|---|")
    for name in NAMES:
        false = sum(_first(name, stream) is not None for stream in calm)
        places = [_first(name, stream) for stream in risen]
        delays = [place - 2_000 for place in places if place is not None and place >= 2_000]
        print(
            f"| {name} | {false / repeats:.0%} | {len(delays) / repeats:.0%}"
            f" | {int(np.median(delays)) if delays else 0} |"
        )


def streams(data: Path) -> None:
    """Print how often windows of real streams are told, and columns that were moved by hand."""
    print(
        "| stream | windows | alarms by chance alone | with the floor of history | moved by 1 sd, found |"
    )
    print("|---|---|---|---|---|")
    for name, (file, trained, rows) in STREAMS.items():
        table = pcsv.read_csv(data / file)
        names = [one for one in table.column_names if pa.types.is_floating(table[one].type)]
        values = {one: table[one].to_numpy().astype(float) for one in names}
        listed = [Column(name=one, type=ColumnType.NUMBER) for one in names]
        history = {one: pa.array(values[one][:trained]) for one in names}
        reference = profile_table(pa.table(history), listed)
        floors = learn_floors(history, reference, rows)
        windows = [
            {one: values[one][start : start + rows] for one in names}
            for start in range(trained, table.num_rows - rows + 1, rows)
        ]
        spread = {one: float(values[one][:trained].std()) for one in names}
        plain = known = found = 0
        for window in windows:
            now = pa.table(window)
            plain += sum(drifted for _, drifted in _reports(reference, now))
            known += sum(drifted for _, drifted in _reports(reference, now, floors=floors))
            for one in names:
                moved = pa.table({**window, one: window[one] + spread[one]})
                found += dict(_reports(reference, moved, floors=floors))[one]
        total = len(windows) * len(names)
        print(
            f"| {name}, {len(names)} columns, {rows:,} rows each | {len(windows)} | {plain / total:.0%}"
            f" | {known / total:.0%} | {found / total:.0%} |"
        )


def _reports(
    reference: Profile, table: pa.Table, name: str = AUTO, floors: dict[str, float] | None = None
) -> list[tuple[str, bool]]:
    counted = [count_column(one, table[one.name]) for one in reference.columns]
    reports = compare_columns(counted, detector_name=name, floors=floors)
    return [(report.name, report.drifted) for report in reports]


def _first(name: str, stream: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> int | None:
    detector = error_detector(name)
    return next((at for at, value in enumerate(stream.tolist()) if detector.add(value)), None)
