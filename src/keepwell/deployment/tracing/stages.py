"""How long the parts of one answer take, where somebody asked for that.

    stages = Stages()
    with watched(stages):
        scorer.rows(instances)          # marks `decode`, `transform`, `model` on its way
    stages.mark("log")

Where nobody asked, `present()` is None and nothing is measured.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter

_present: ContextVar["Stages | None"] = ContextVar("keepwell_stages", default=None)


class Stages:
    """Stretches of one answer, one after the other without gaps.

    Attributes:
        begun: When it began, on the clock of `time.perf_counter`.
        marks: Name, beginning and end of each stretch, in seconds since it began.
    """

    __slots__ = ("_last", "begun", "marks")

    def __init__(self, begun: float | None = None) -> None:
        self.begun = perf_counter() if begun is None else begun
        self._last = 0.0
        self.marks: list[tuple[str, float, float]] = []

    def mark(self, name: str) -> None:
        """Say what was done since the last mark."""
        now = perf_counter() - self.begun
        self.marks.append((name, self._last, now))
        self._last = now

    def has(self, name: str) -> bool:
        """Whether a stretch of that name was marked."""
        return any(mark[0] == name for mark in self.marks)

    @property
    def seconds(self) -> float:
        """How long it took up to the last mark."""
        return self._last


def present() -> Stages | None:
    """Return what measures the answer that is under way in this thread or task; None if nothing does."""
    return _present.get()


@contextmanager
def watched(stages: Stages | None) -> Iterator[None]:
    """Measure what is done within."""
    before = _present.set(stages)
    try:
        yield
    finally:
        _present.reset(before)
