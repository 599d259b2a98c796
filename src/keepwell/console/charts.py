"""Where the lines and bars of small charts go; the templates draw them as SVG.

Drawings are 1000 wide and 100 high and are stretched to their place (`preserveAspectRatio="none"`), so
they need no script and no size; words stand beside them as ordinary text.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from keepwell.core.ports import Point

WIDTH = 1000.0
HEIGHT = 100.0
MOST_POINTS = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A line across a chart and its label."""

    y: float
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A moment worth a line in a chart: a promotion."""

    x: float
    time: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time worth a shade: an incident."""

    x: float
    width: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChart:
    """One line over time, ready to be drawn.

    Attributes:
        path: The line, as SVG path data.
        area: The surface under it.
        last: Where it ends.
        ticks: From the top down, evenly spaced.
        baseline: Height of the expected value; None if there is none.
        marks: Moments.
        spans: Stretches.
        since: Time at the left edge, Unix seconds.
        until: Time at the right edge.
        newest: The last value.
    """

    path: str
    area: str
    last: tuple[float, float]
    ticks: tuple[Tick, ...]
    since: float
    until: float
    newest: float
    baseline: float | None = None
    marks: tuple[Mark, ...] = ()
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar; `x` and `width` of 1000, `height` of 100, standing on the ground."""

    x: float
    width: float
    height: float

    @property
    def y(self) -> float:
        """Its top, from above."""
        return HEIGHT - self.height


def line_chart(
    points: Sequence[Point],
    *,
    expected: float | None = None,
    moments: Iterable[tuple[float, str]] = (),
    stretches: Iterable[tuple[float, float | None, str]] = (),
    window: tuple[float, float] | None = None,
    within: Sequence[float] = (),
) -> LineChart | None:
    """Return a chart of a series, None if it has fewer than two points.

    Args:
        points: The series.
        expected: Where a line across stands.
        moments: Times with their words.
        stretches: From when until when, with words.
        window: What the axis of time covers, so that charts can stand above each other; the points'
            own time unless said.
        within: Values that the other axis covers whatever the points are.
    """
    if window is not None:
        points = [point for point in points if window[0] <= point.time <= window[1]]
    if len(points) < 2:  # noqa: PLR2004
        return None
    points = thin(points)
    since, until = window or (points[0].time, points[-1].time)
    values = [point.value for point in points]
    wanted = [*values, *within] if expected is None else [*values, expected, *within]
    ticks = nice_ticks(min(wanted), max(wanted))
    low, high = ticks[-1], ticks[0]
    across = WIDTH / ((until - since) or 1.0)

    def x(time: float) -> float:
        return round(min(max((time - since) * across, 0.0), WIDTH), 1)

    def y(value: float) -> float:
        return round(HEIGHT * (high - value) / (high - low), 2)

    corners = [(x(point.time), y(point.value)) for point in points]
    path = "M" + "L".join(f"{left:g} {top:g}" for left, top in corners)
    shown = [item for item in stretches if item[0] < until and (item[1] or until) > since]
    return LineChart(
        path=path,
        area=f"{path}L{corners[-1][0]:g} {HEIGHT:g}L{corners[0][0]:g} {HEIGHT:g}Z",
        last=corners[-1],
        ticks=tuple(Tick(y=y(tick), value=tick) for tick in ticks),
        since=since,
        until=until,
        newest=values[-1],
        baseline=None if expected is None else y(expected),
        marks=tuple(
            Mark(x=x(time), time=time, text=text)
            for time, text in moments
            if since <= time <= until
        ),
        spans=tuple(
            Span(x=x(start), width=max(x(end or until) - x(start), 2.0), text=text)
            for start, end, text in shown
        ),
    )


def thin(points: Sequence[Point], most: int = MOST_POINTS) -> list[Point]:
    """Return at most `most` points: means of equal stretches of time, the last point as it is."""
    if len(points) <= most:
        return list(points)
    since = points[0].time
    step = ((points[-1].time - since) or 1.0) / (most - 1)
    groups: dict[int, list[Point]] = {}
    for point in points[:-1]:
        groups.setdefault(int((point.time - since) / step), []).append(point)
    means = [
        Point(
            group[0].name,
            sum(point.time for point in group) / len(group),
            sum(point.value for point in group) / len(group),
        )
        for group in groups.values()
    ]
    return [*means, points[-1]]


def nice_ticks(low: float, high: float) -> list[float]:
    """Return three to six round values from the top down that enclose `low` and `high`.

    >>> nice_ticks(0.62, 0.91)
    [1.0, 0.9, 0.8, 0.7, 0.6]
    """
    if high - low < abs(high) * 0.02 + 1e-12:
        middle, spread = (high + low) / 2, abs(high) * 0.02 or 0.5
        low, high = middle - spread, middle + spread
    rough = (high - low) / 3
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= rough)
    bottom, top = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(index * step, 10) for index in range(top, bottom - 1, -1)]


def sparkline(values: Sequence[float]) -> str:
    """Return the path of a small line that starts at zero; empty if there is nothing to draw."""
    if len(values) < 2:  # noqa: PLR2004
        return ""
    top = max(*values, 1e-9)
    across = WIDTH / (len(values) - 1)
    corners = (
        f"{at * across:.1f} {HEIGHT - value / top * (HEIGHT - 4):.1f}"
        for at, value in enumerate(values)
    )
    return "M" + "L".join(corners)


def bars(
    counts: Sequence[float], *, top: float | None = None, inset: float = 0.0
) -> tuple[Bar, ...]:
    """Return bars of equal width side by side; `top` is the count that reaches the ceiling.

    `inset` narrows each bar by that share on both sides, so that two series can stand in one place.
    """
    highest = top or max(counts, default=0) or 1.0
    step = WIDTH / max(len(counts), 1)
    width = step * (1 - 2 * inset)
    return tuple(
        Bar(
            x=round(at * step + step * inset, 2),
            width=round(width, 2),
            height=round(HEIGHT * count / highest, 2),
        )
        for at, count in enumerate(counts)
    )
