"""Durations as people write them: `90s`, `2m`, `1.5h`, `7d`."""

import re

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PATTERN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)\s*")


def parse_duration(text: str) -> float:
    """Return seconds.

    >>> parse_duration("2m")
    120.0

    Raises:
        ValueError: If `text` is not a number with one of the units ms, s, m, h, d, w.
    """
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration; write for example 90s, 2m, 1h, 7d")
    return float(match[1]) * _UNITS[match[2]]


def format_duration(seconds: float) -> str:
    """Return `seconds` as people say it: `340ms`, `12s`, `2m 5s`, `3h 4m`, `2d 1h`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds:.1f}s" if seconds < 10 else f"{seconds:.0f}s"  # noqa: PLR2004
    whole = int(seconds)
    for big, small in (("d", "h"), ("h", "m"), ("m", "s")):
        size = int(_UNITS[big])
        if whole >= size:
            rest = (whole % size) // int(_UNITS[small])
            return f"{whole // size}{big} {rest}{small}" if rest else f"{whole // size}{big}"
    return f"{whole}s"
