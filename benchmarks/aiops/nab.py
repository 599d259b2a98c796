"""The anomaly detector on the Numenta Anomaly Benchmark, by its own score.

    python -m benchmarks.aiops.nab

58 series, 116 windows. The score is NAB's (Lavin and Ahmad 2015), standard profile: a detection counts the
more the earlier in its window it comes, a false one costs 0.11, a missed window 1; 0 is what saying nothing
gets, 100 perfection; the first 15% of a series are for learning. As there, one threshold for all series is
chosen for the best score; ours is given at the fixed threshold of the product too. Beside it, in the same
run, simple ones, and what is installed of `pyod` (an isolation forest and ECOD over windows of 8 values,
fitted on the first 15%) and `ruptures` (change points of the mean, which sees the whole series at once: no
stream). F1 is over windows, at each one's best threshold; all get the rest after a detection that ours has.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253 - a benchmark is a program of its own

from keepwell.operations.anomalies import SeriesDetector
from keepwell.operations.anomalies.detector import REST, THRESHOLD

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "aiops_nab"
FALSE, PROBATION = 0.11, 0.15
_WIDTH = 8
Scores = dict[str, np.ndarray]


@dataclass(frozen=True)
class Series:
    """One series with the first and last place of each window."""

    times: np.ndarray
    values: np.ndarray
    windows: list[tuple[int, int]]


def main() -> int:
    """Run all, and print a table."""
    if not DATA.exists():
        print(f"{DATA} is not there")
        return 1
    data = load()
    print(
        f"{'detector':24} {'NAB':>6} {'threshold':>10} {'F1':>6} {'found':>6} {'false':>6} {'µs':>7}"
    )
    for name, detect in DETECTORS.items():
        start = time.perf_counter()
        scores = {key: detect(series) for key, series in data.items()}
        micros = (time.perf_counter() - start) / sum(len(s.values) for s in data.values()) * 1e6
        best, threshold = nab(data, scores)
        _print(name, best, threshold, data, scores, micros)
        if name == "keepwell":
            fixed = nab(data, scores, THRESHOLD)[0]
            _print("keepwell, as it comes", fixed, THRESHOLD, data, scores, micros)
    return 0


def _print(
    name: str,
    score: float,
    threshold: float,
    data: dict[str, Series],
    scores: Scores,
    micros: float,
) -> None:
    f1, found, false = windows_f1(data, scores, threshold)
    print(
        f"{name:24} {score:6.1f} {threshold:10.3g} {f1:6.2f} {found:6} {false:6} {micros:7.1f}",
        flush=True,
    )


def load() -> dict[str, Series]:
    """Return all series by name."""
    rows = pd.read_parquet(DATA / "nab_metrics.parquet")
    marks = pd.read_csv(DATA / "nab_windows.csv", parse_dates=["start", "end"])
    found = {}
    for (group, name), part in rows.groupby(["group", "series"], sort=True):
        key = f"{group}/{name}" if str(name).endswith(".csv") else f"{group}/{name}.csv"
        times = part["timestamp"].to_numpy()
        of_series = marks[marks["file"] == key]
        starts = np.searchsorted(times, of_series["start"].to_numpy(times.dtype), "left")
        ends = np.searchsorted(times, of_series["end"].to_numpy(times.dtype), "right") - 1
        found[key] = Series(
            times=times.astype("datetime64[s]").astype(np.float64),
            values=part["value"].to_numpy(np.float64),
            windows=sorted(zip(starts.tolist(), ends.tolist(), strict=True)),
        )
    return found


def nab(
    data: dict[str, Series], scores: Scores, threshold: float | None = None
) -> tuple[float, float]:
    """Return NAB's score, and the threshold that it is reached at: the best, unless one is given."""
    loud, window, worth, offset = [], [], [], 0
    for name, series in data.items():
        skipped = int(min(PROBATION * len(series.values), PROBATION * 5000))
        places, weights = _worth(series)
        loud.append(scores[name][skipped:])
        window.append(np.where(places >= 0, places + offset, -1)[skipped:])
        worth.append(weights[skipped:])
        offset += len(series.windows)
    order = np.argsort(-np.concatenate(loud), kind="stable")
    ranked = np.concatenate(loud)[order].tolist()
    windows, worths = np.concatenate(window)[order].tolist(), np.concatenate(worth)[order].tolist()
    best, current = (-float(offset), np.inf), -float(offset)
    held: dict[int, float] = {}
    for at, (score, place, value) in enumerate(zip(ranked, windows, worths, strict=True)):
        if score <= 0 or (threshold is not None and score < threshold):
            break
        if place < 0:
            current += FALSE * value
        elif place not in held:
            current += 1 + value
            held[place] = value
        elif value > held[place]:
            current += value - held[place]
            held[place] = value
        last_of_its_score = at + 1 == len(ranked) or ranked[at + 1] < score
        if last_of_its_score and (current > best[0] or threshold is not None):
            best = (current, score)
    return 100 * (best[0] + offset) / (2 * offset), best[1]


def _worth(series: Series) -> tuple[np.ndarray, np.ndarray]:
    """Return the window of each place (-1: none), and what a detection there is worth."""
    count = len(series.values)
    places, worth = np.full(count, -1), np.full(count, -1.0)
    for number, (first, last) in enumerate(series.windows):
        inside, width = np.arange(first, last + 1), last - first + 1
        places[inside] = number
        worth[inside] = _sigmoid(-(last - inside + 1) / width) / _sigmoid(np.array(-1.0))
        following = series.windows[number + 1 :]
        after = np.arange(last + 1, following[0][0] if following else count)
        past = (after - last) / max(last - first, 1)
        worth[after] = np.where(past > 3, -1.0, _sigmoid(past))
    return places, worth


def _sigmoid(position: np.ndarray) -> np.ndarray:
    return 2 / (1 + np.exp(5 * position)) - 1


def windows_f1(data: dict[str, Series], scores: Scores, threshold: float) -> tuple[float, int, int]:
    """Return F1 over windows, how many were found, and the detections outside of all."""
    found = false = total = 0
    for name, series in data.items():
        hits = np.flatnonzero(scores[name] >= threshold)
        hits = hits[hits >= min(PROBATION * len(series.values), PROBATION * 5000)]
        places, _ = _worth(series)
        found += len(set(places[hits].tolist()) - {-1})
        false += int(np.count_nonzero(places[hits] < 0))
        total += len(series.windows)
    return 2 * found / (found + false + total), found, false


def ours(series: Series) -> np.ndarray:
    """Return our detector's surprises, zero where it says nothing new."""
    detector, scores = SeriesDetector(threshold=0.0), np.zeros(len(series.values))
    for at, (when, value) in enumerate(zip(series.times, series.values, strict=True)):
        score = detector.update(when, value)
        scores[at] = score.surprise if score.anomaly else 0.0
    return scores


def moving_z(series: Series) -> np.ndarray:
    """Return the distance from the mean of the last 1,000 values, in their deviation."""
    line = pd.Series(series.values)
    before = line.rolling(1000, min_periods=30)
    scale = before.std().shift(1) + 1e-9 * (line.abs().max() + 1e-9)
    return rested(((line - before.mean().shift(1)).abs() / scale).fillna(0).to_numpy())


def chance(series: Series) -> np.ndarray:
    """Return numbers by lot."""
    return np.random.default_rng(len(series.values)).random(len(series.values))


def forest(series: Series) -> np.ndarray:
    """Return the scores of an isolation forest."""
    from pyod.models.iforest import IForest

    return _fitted(IForest(random_state=0), series)


def ecod(series: Series) -> np.ndarray:
    """Return the scores of ECOD."""
    from pyod.models.ecod import ECOD

    return _fitted(ECOD(), series)


def _fitted(model: Any, series: Series) -> np.ndarray:
    windows = np.lib.stride_tricks.sliding_window_view(series.values, _WIDTH)
    learned = max(int(PROBATION * len(windows)), _WIDTH)
    model.fit(windows[:learned])
    scores = model.decision_function(windows)
    scores = (scores - scores[:learned].mean()) / (scores[:learned].std() + 1e-9)
    return rested(np.concatenate([np.zeros(_WIDTH - 1), np.maximum(scores, 0)]))


def change_points(series: Series) -> np.ndarray:
    """Return how much the mean changes at the change points found with hindsight."""
    import ruptures

    scale = series.values.std() + 1e-9
    values = (series.values - series.values.mean()) / scale
    found = (
        ruptures.KernelCPD(kernel="linear", min_size=12)
        .fit(values)
        .predict(pen=3 * np.log(len(values)))
    )
    scores = np.zeros(len(values))
    for at in found[:-1]:
        scores[at] = abs(values[at : at + 12].mean() - values[max(0, at - 12) : at].mean())
    return rested(scores)


def rested(scores: np.ndarray) -> np.ndarray:
    """Return scores without those that follow a larger one within the rest."""
    line = pd.Series(scores)
    before = line.rolling(REST, min_periods=1).max().shift(1).fillna(-1.0).to_numpy()
    return np.where(scores > before, scores, 0.0)


def _present() -> dict[str, Callable[[Series], np.ndarray]]:
    found = {"keepwell": ours, "moving z-score": moving_z, "by lot": chance}
    if find_spec("pyod"):
        found |= {"pyod, isolation forest": forest, "pyod, ECOD": ecod}
    if find_spec("ruptures"):
        found["ruptures, with hindsight"] = change_points
    return found


DETECTORS = _present()

if __name__ == "__main__":
    sys.exit(main())
