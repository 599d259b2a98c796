"""How long work tells how far it is, without knowing who listens."""

from typing import Protocol


class Progress(Protocol):
    """Receives the state of one long piece of work."""

    def update(
        self, message: str, fraction: float | None = None, seconds_left: float | None = None
    ) -> None:
        """Say what is going on; `fraction` is 0..1, None where the end is not known."""
        ...


class SilentProgress:
    """Listens to nothing."""

    def update(
        self, message: str, fraction: float | None = None, seconds_left: float | None = None
    ) -> None:
        """Do nothing."""
