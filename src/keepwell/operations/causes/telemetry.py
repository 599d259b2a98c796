"""From a table of measurements to what each service costs more than before."""

from typing import Any, Literal

import numpy as np

from keepwell.core.errors import UsageError

Alarm = Literal["latency", "availability"]

COLUMNS = ("time", "node", "metric", "value")


def excess_of(rows: Any, alarm: Alarm, since: float) -> dict[str, float]:
    """Return by service how much more it costs from a time on than before, per step of time.

    Cost is the time spent in it (mean latency times requests) or the requests that it failed (those
    times 100 minus availability, in percent).

    Args:
        rows: An Arrow table of `time` (Unix seconds), `node`, `metric` (`latency`, `availability`,
            `requests`) and `value`.
        alarm: Which of the two.
        since: When the alarm began, Unix seconds.

    Raises:
        UsageError: If a column is missing, or nothing was measured before or after that time.
    """
    missing = [name for name in COLUMNS if name not in rows.column_names]
    if missing:
        raise UsageError(
            f"the measurements lack the column '{missing[0]}'",
            why=f"there are {', '.join(rows.column_names)}",
            now=f"give a table with the columns {', '.join(COLUMNS)}",
        )
    times = np.asarray(rows["time"].to_numpy(zero_copy_only=False), np.float64)
    if not len(times) or times.min() >= since or times.max() < since:
        raise UsageError(
            "there is nothing to compare",
            why="nothing was measured "
            + ("from" if len(times) and times.max() < since else "before")
            + " the start of the alarm on",
            now="give measurements of both, and the time at which the alarm began",
        )
    costs = _costs(rows, times, alarm)
    return {node: _risen(line, since) for node, line in costs.items()}


def _costs(rows: Any, times: np.ndarray, alarm: Alarm) -> dict[str, dict[float, float]]:
    nodes = np.asarray(rows["node"].to_pylist(), dtype=object)
    metrics = np.asarray(rows["metric"].to_pylist(), dtype=object)
    values = np.asarray(rows["value"].to_numpy(zero_copy_only=False), np.float64)
    read: dict[str, dict[tuple[str, float], float]] = {alarm: {}, "requests": {}}
    for metric, line in read.items():
        for place in np.flatnonzero((metrics == metric) & np.isfinite(values)):
            line[(nodes[place], times[place])] = float(values[place])
    costs: dict[str, dict[float, float]] = {}
    for (node, time), value in read[alarm].items():
        requests = read["requests"].get((node, time))
        if requests is not None:
            each = value if alarm == "latency" else (100.0 - value) / 100.0
            costs.setdefault(node, {})[time] = each * requests
    return costs


def _risen(line: dict[float, float], since: float) -> float:
    before = [cost for time, cost in line.items() if time < since]
    after = [cost for time, cost in line.items() if time >= since]
    if not before or not after:
        return 0.0
    return float(np.mean(after) - np.mean(before))
