"""A scorer that is loaded only while there is room and use for it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from keepwell.core.records import Signature
from keepwell.deployment.scoring.scorer import Scorer, Scores

if TYPE_CHECKING:
    from keepwell.deployment.server.shelf.shelf import Shelf


class UnloadedError(Exception):
    """The model is not in memory; the long way loads it."""


class ShelvedScorer:
    """Stands for a scorer, loaded or not. Its shelf keeps the books; only the shelf changes them.

    Attributes:
        signature: What the model takes and gives; known without loading it.
        compiled: As of the scorer.
        name: The version, in words.
        load: Gives the scorer anew.
        size: Bytes that it takes: the most that any load of it was measured to, at least its bundle's.
        scorer: The scorer while it is loaded.
        used: When it was used last, on the shelf's clock.
        pins: Uses in progress.
        withdrawn: Whether no endpoint has it any more.
        failures: Loads that failed.
        failure: What the last of them said.
    """

    def __init__(
        self,
        shelf: "Shelf",
        signature: Signature,
        load: Callable[[], Scorer],
        size: int,
        name: str = "",
    ) -> None:
        self._shelf = shelf
        self.signature, self.load, self.size, self.name = signature, load, size, name
        self.compiled = False
        self.scorer: Scorer | None = None
        self.used = 0.0
        self.pins = 0
        self.withdrawn = False
        self.failures, self.failure = 0, ""

    def at_hand(self) -> Scorer | None:
        """Return the scorer if it is loaded, and note that it is used."""
        scorer = self.scorer
        if scorer is not None:
            self.used = self._shelf.clock()
        return scorer

    def quick(self, rows: int) -> bool:
        """Tell whether it is loaded and so many rows take little time; note that it is used."""
        scorer = self.at_hand()
        return scorer is not None and scorer.quick(rows)

    def row(self, values: Sequence[Any]) -> list[float]:
        """Answer one row of canonical values.

        Raises:
            UnloadedError: If it is not loaded.
        """
        return self._present().row(values)

    def answers(self, rows: Sequence[Sequence[Any]]) -> list[list[float]]:
        """Answer rows of canonical values.

        Raises:
            UnloadedError: If it is not loaded.
        """
        return self._present().answers(rows)

    def took(self, rows: int, seconds: float) -> None:
        """Note how long rows took."""
        scorer = self.scorer
        if scorer is not None:
            scorer.took(rows, seconds)

    def rows(self, instances: Sequence[Mapping[str, Any]]) -> Scores:
        """Score instances, once the model is loaded. Not for the event loop, which would wait.

        Raises:
            UnavailableError: If it cannot be loaded again.
            InvalidRequestError: If an instance does not fit the signature.
        """
        with self.held() as (scorer, waited):
            scores = scorer.rows(instances)
        return replace(scores, cold_start=waited) if waited else scores

    @contextmanager
    def held(self) -> Iterator[tuple[Scorer, float]]:
        """Give the scorer, and the seconds that were spent waiting for it; it stays while it is held."""
        waited = 0.0
        scorer = self._shelf.pin(self)
        if scorer is None:
            started = perf_counter()
            scorer = self._shelf.fetch(self)
            waited = perf_counter() - started
        try:
            yield scorer, waited
        finally:
            self._shelf.unpin(self)

    def _present(self) -> Scorer:
        scorer = self.scorer
        if scorer is None:
            raise UnloadedError
        return scorer
