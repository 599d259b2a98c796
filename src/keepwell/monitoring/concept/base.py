"""What a detector of changes in a stream of errors does, and the law it keeps."""

from collections.abc import Callable
from typing import Protocol

from keepwell.core.errors import NotFoundError
from keepwell.core.suggestions import did_you_mean

NAMES = ("adwin", "page-hinkley", "ddm")


class ErrorDetector(Protocol):
    """Watches errors as they come, in constant memory.

    Law: `add` answers True where a rise of the mean is certain and starts anew; a stream whose mean stays
    raises an alarm once in many thousand values at most; a mean that doubles is found; a mean that falls
    is no alarm; what was added before a start anew does not matter after it.
    """

    @property
    def recent(self) -> int:
        """How many of the last values belong to what is now, once `add` has answered True."""
        ...

    def add(self, value: float) -> bool:
        """Take the next error, 0 or more, and tell whether errors have risen."""
        ...


def error_detector(name: str) -> ErrorDetector:
    """Return a detector by name.

    Raises:
        NotFoundError: If there is none; a close name is suggested.
    """
    from keepwell.monitoring.concept.adwin import Adwin
    from keepwell.monitoring.concept.ddm import Ddm
    from keepwell.monitoring.concept.page_hinkley import PageHinkley

    makers: dict[str, Callable[[], ErrorDetector]] = {
        "adwin": Adwin,
        "page-hinkley": PageHinkley,
        "ddm": Ddm,
    }
    if name not in makers:
        raise NotFoundError(
            f"there is no detector of errors called '{name}'",
            why=did_you_mean(name, NAMES) or f"there are {', '.join(NAMES)}",
            now="set monitor.concept to one of them",
        )
    return makers[name]()
