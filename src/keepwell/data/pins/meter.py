"""How far work on many bytes is, as a share and in seconds."""

import time

from keepwell.core.progress import Progress


class Meter:
    """Adds up bytes that are done, and tells how much and how long is left.

    Args:
        progress: Is told.
        total: Bytes that there are to do.
    """

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total = progress, total
        self._done = 0
        self._since = time.monotonic()
        self._what = ""

    def about(self, what: str) -> None:
        """Say what the next bytes are of."""
        self._what = what

    def told(self, size: int) -> None:
        """Hear of so many bytes more."""
        self._done += size
        share = min(self._done / self._total, 1.0) if self._total else 1.0
        passed = time.monotonic() - self._since
        left = passed * (1 - share) / share if share else None
        self._progress.update(self._what, share, left)
