"""Pressure stall information: which share of the time work waited for processor, memory or disk."""

from pathlib import Path

RESOURCES = ("cpu", "memory", "io")


def pressure(proc: Path = Path("/proc")) -> dict[str, float]:
    """Return by resource which share of the last ten seconds something waited for it, 0 to 1.

    What the kernel does not tell is left out: older ones, and those that were started without it.
    """
    found = {}
    for resource in RESOURCES:
        try:
            text = (proc / "pressure" / resource).read_text()
        except OSError:
            continue
        share = parse(text)
        if share is not None:
            found[resource] = share
    return found


def parse(text: str) -> float | None:
    r"""Return the share of the last ten seconds in which some work waited.

    >>> parse("some avg10=45.50 avg60=41.48 avg300=35.10 total=9\nfull avg10=0.00 avg60=0.00")
    0.455
    >>> parse("")
    """
    for line in text.splitlines():
        words = line.split()
        if words and words[0] == "some":
            fields = dict(word.split("=", 1) for word in words[1:] if "=" in word)
            try:
                return float(fields["avg10"]) / 100
            except (KeyError, ValueError):
                return None
    return None
