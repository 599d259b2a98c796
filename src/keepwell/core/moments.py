"""Times as people write them."""

from datetime import UTC, datetime

from keepwell.core.durations import parse_duration
from keepwell.core.errors import UsageError


def moment(text: str, now: float) -> float:
    """Return Unix seconds for `1767225600`, `2026-01-01T12:00`, `2h ago` or `now`.

    A time without a zone is UTC.

    Raises:
        UsageError: If it is none of these.

    >>> moment("2h ago", now=10_000.0), moment("1970-01-01T00:10", now=0.0)
    (2800.0, 600.0)
    """
    wanted = text.strip()
    if wanted == "now":
        return now
    try:
        if wanted.endswith("ago"):
            return now - parse_duration(wanted.removesuffix("ago").strip())
        if wanted.replace(".", "", 1).isdigit():
            return float(wanted)
        found = datetime.fromisoformat(wanted)
    except ValueError:
        raise UsageError(
            f"'{text}' is no time",
            why="a time is Unix seconds, ISO 8601, or how long ago it was",
            now="write for example 2026-01-31T14:03 or '2h ago'",
        ) from None
    return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()
