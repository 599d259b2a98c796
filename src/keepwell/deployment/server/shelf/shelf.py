"""Which models of a worker are in memory."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable

from keepwell.core.errors import KeepwellError, UnavailableError
from keepwell.core.records import Signature
from keepwell.deployment.scoring.scorer import Scorer
from keepwell.deployment.server.heartbeat import Models
from keepwell.deployment.server.shelf import footprint
from keepwell.deployment.server.shelf.shelved import ShelvedScorer

START, DEMAND = "start", "demand"
BUDGET, IDLE, WITHDRAWN = "budget", "idle", "withdrawn"


class Shelf:
    """Loads and unloads models. Safe for several threads.

    Models are loaded one after the other, so that what each takes can be measured.

    Args:
        clock: Seconds that only grow.
        resident: Bytes of memory that the process has.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        resident: Callable[[], int] = footprint.resident,
    ) -> None:
        self.clock = clock
        self.budget: int | None = None
        self.idle: float | None = None
        self._resident = resident
        self._books: dict[ShelvedScorer, None] = {}
        self._loads: Counter[str] = Counter()
        self._unloads: Counter[str] = Counter()
        self._lock = threading.Lock()  # held for moments
        self._loading = threading.Lock()  # held for a load

    @property
    def active(self) -> bool:
        """Whether anything is ever unloaded."""
        return self.budget is not None or self.idle is not None

    def allow(self, budget: int | None, idle: float | None) -> None:
        """Set the bytes that models may take, and the seconds that one may be idle; None for any."""
        self.budget, self.idle = budget, idle

    def put(
        self, signature: Signature, load: Callable[[], Scorer], size: int, name: str = ""
    ) -> ShelvedScorer:
        """Take a model in, once it has been loaded.

        Args:
            signature: What the model takes and gives.
            load: Gives the scorer; raises if it does not answer.
            size: Bytes of its bundle.
            name: The version, in words.

        Raises:
            Exception: Whatever `load` raises.
        """
        book = ShelvedScorer(self, signature, load, size, name)
        with self._loading:
            self._load(book, START)
        self.unpin(book)
        return book

    def pin(self, book: ShelvedScorer) -> Scorer | None:
        """Return a model's scorer, which stays until `unpin`; None if it is not loaded."""
        with self._lock:
            if book.scorer is not None:
                book.pins += 1
                book.used = self.clock()
            return book.scorer

    def fetch(self, book: ShelvedScorer) -> Scorer:
        """Return a model's scorer, loaded if it is not, which stays until `unpin`.

        Whoever comes while it is being loaded waits for that load, and shares its failure.

        Raises:
            UnavailableError: If it cannot be loaded.
        """
        failures = book.failures
        with self._loading:
            scorer = self.pin(book)
            if scorer is not None:
                return scorer
            if book.failures != failures:
                raise _unavailable(book)
            try:
                return self._load(book, DEMAND)
            except Exception as error:
                book.failures += 1
                book.failure = _say(error)
                raise _unavailable(book) from error

    def unpin(self, book: ShelvedScorer) -> None:
        """End a use of a model."""
        with self._lock:
            book.pins -= 1
            book.used = self.clock()
            unloaded = self._trim()
        footprint.give_back(unloaded)

    def keep(self, scorers: Iterable[object]) -> None:
        """Forget every model that is not among those, once nobody uses it any more."""
        kept = {one for one in scorers if isinstance(one, ShelvedScorer)}
        with self._lock:
            for book in self._books:
                book.withdrawn = book not in kept
            unloaded = self._trim()
        footprint.give_back(unloaded)

    def sweep(self) -> None:
        """Unload what nobody has asked for too long."""
        idle = self.idle
        if idle is None:
            return
        with self._lock:
            end = self.clock() - idle
            unloaded = [
                self._unload(book, book.scorer, IDLE)
                for book in self._books
                if book.scorer is not None and not book.pins and book.used <= end
            ]
        footprint.give_back(unloaded)

    def models(self) -> Models:
        """Return what is loaded, and what was loaded and unloaded why."""
        with self._lock:
            loaded = [book for book in self._books if book.scorer is not None]
            return Models(
                loaded=len(loaded),
                bytes=sum(book.size for book in loaded),
                loads=dict(self._loads),
                unloads=dict(self._unloads),
            )

    def _load(self, book: ShelvedScorer, reason: str) -> Scorer:
        """Load a model and make room for it; it is pinned then."""
        scorer, size = footprint.measured(book.load, self._resident)
        with self._lock:
            self._books[book] = None
            book.scorer, book.compiled = scorer, scorer.compiled
            book.size = max(book.size, size)  # memory that others left is used again, and not seen
            book.pins += 1
            book.used = self.clock()
            self._loads[reason] += 1
            unloaded = self._trim()
        footprint.give_back(unloaded)
        return scorer

    def _trim(self) -> list[Scorer]:
        """Take off what is withdrawn, and what there is no room for: the least recently used first."""
        unloaded = []
        for book in [one for one in self._books if one.withdrawn and not one.pins]:
            if book.scorer is not None:
                unloaded.append(self._unload(book, book.scorer, WITHDRAWN))
            del self._books[book]
        if self.budget is None:
            return unloaded
        loaded = sorted((one for one in self._books if one.scorer), key=lambda one: one.used)
        excess = sum(book.size for book in loaded) - self.budget
        for book in loaded[:-1]:  # the one that was used last stays, however large it is
            if excess <= 0:
                break
            if not book.pins and book.scorer is not None:
                unloaded.append(self._unload(book, book.scorer, BUDGET))
                excess -= book.size
        return unloaded

    def _unload(self, book: ShelvedScorer, scorer: Scorer, reason: str) -> Scorer:
        book.scorer = None
        self._unloads[reason] += 1
        return scorer


def _unavailable(book: ShelvedScorer) -> UnavailableError:
    return UnavailableError(
        f"{book.name or 'the model'} could not be loaded again",
        why=book.failure,
        now="see the worker's log in .keepwell/logs; keepwell rollback serves the version before",
    )


def _say(error: Exception) -> str:
    said = (
        f"{error.what} ({error.why})" if isinstance(error, KeepwellError) and error.why else error
    )
    return f"{type(error).__name__}: {said}"[:500]
