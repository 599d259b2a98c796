"""How long work tells how far it is, without knowing who listens."""

from typing import Protocol, runtime_checkable


class Progress(Protocol):
    """Receives the state of one long piece of work."""

    def update(
        self, message: str, fraction: float | None = None, seconds_left: float | None = None
    ) -> None:
        """Say what is going on; `fraction` is 0..1, None where the end is not known."""
        ...


@runtime_checkable
class Announcing(Protocol):
    """Progress that can say something once, at once, for good: a line rather than a bar."""

    def announce(self, message: str) -> None:
        """Say it."""
        ...


def announce(progress: Progress, message: str) -> None:
    """Say something that should not be missed; to a listener that cannot, as progress."""
    if isinstance(progress, Announcing):
        progress.announce(message)
    else:
        progress.update(message)


class SilentProgress:
    """Listens to nothing."""

    def update(
        self, message: str, fraction: float | None = None, seconds_left: float | None = None
    ) -> None:
        """Do nothing."""
