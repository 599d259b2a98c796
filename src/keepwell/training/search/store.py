"""Finished folds, kept outside of the process, so that a search that was killed goes on where it was.

A fold is kept under a key of everything that its outcome depends on: problem, folds, settings, part of the
rows. A search that asks for the same again gets the same, without the time.
"""

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np

from keepwell.training.learners.base import Learner
from keepwell.training.problem import Problem
from keepwell.training.search.jobs import Job, Outcome, ran_out
from keepwell.training.splits.plans import Fold

if TYPE_CHECKING:
    from numpy.typing import NDArray


class TrialStore(Protocol):
    """Keeps small documents by key.

    Law: what `write` returned from is there after the process was killed, whole or not at all.
    """

    def read(self, key: str) -> bytes | None:
        """Return what was written last; None if nothing was."""
        ...

    def write(self, key: str, data: bytes) -> None:
        """Keep a document."""
        ...


class Digested(Protocol):
    """Something that jobs are done for."""

    @property
    def digest(self) -> str:
        """A digest of everything that the outcome of a job depends on."""
        ...


class MemoryStore:
    """Keeps documents as long as it lives."""

    def __init__(self) -> None:
        self.documents: dict[str, bytes] = {}

    def read(self, key: str) -> bytes | None:
        """Return a document."""
        return self.documents.get(key)

    def write(self, key: str, data: bytes) -> None:
        """Keep a document."""
        self.documents[key] = data


class Memory:
    """What a store remembers of one problem.

    Args:
        store: Keeps the folds; None to remember nothing.
        problem: What is to be learnt.
        folds: Train and validation rows.
        learners: By name: what came of a user's file goes for that state of the file.
    """

    def __init__(
        self,
        store: TrialStore | None,
        problem: Problem,
        folds: Sequence[Fold],
        learners: Mapping[str, Learner] | None = None,
    ) -> None:
        self._store = store
        self._problem = digest_of(problem, folds) if store is not None else ""
        self._codes = codes(learners or {}) if store is not None else {}
        self.found = 0

    @classmethod
    def of(cls, store: TrialStore | None, asked: Digested) -> Self:
        """Return what a store remembers of something; if there is none, no digest is made."""
        made = cls.__new__(cls)
        made._store, made.found, made._codes = store, 0, {}
        made._problem = "" if store is None else asked.digest
        return made

    def recall(self, job: Job) -> Outcome | None:
        """Return what came of a job in an earlier process; None if it was not finished."""
        data = None if self._store is None else self._store.read(self._key(job))
        if data is None:
            return None
        self.found += 1
        return _read(data)

    def commit(self, job: Job, outcome: Outcome) -> None:
        """Keep what came of a job. What ran out of time or memory is tried again in the next life."""
        if self._store is not None and not ran_out(outcome.note):
            self._store.write(self._key(job), _written(outcome))

    @property
    def spent(self) -> float:
        """Seconds that earlier processes spent on this problem."""
        data = None if self._store is None else self._store.read(f"{self._problem}-spent")
        return 0.0 if data is None else float(data)

    def spend(self, seconds: float) -> None:
        """Remember how much of the budget is gone."""
        if self._store is not None:
            self._store.write(f"{self._problem}-spent", repr(seconds).encode())

    def _key(self, job: Job) -> str:
        candidate = job.candidate
        what = [candidate.learner, candidate.params, candidate.preparation, job.fold, job.share]
        what.append(job.rounds)
        if candidate.learner in self._codes:
            what.append(self._codes[candidate.learner])
        text = json.dumps([self._problem, *what], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


def codes(learners: Mapping[str, Learner]) -> dict[str, str]:
    """Return a digest of each learner's code that is not of an installed version: a user's file."""
    found = {name: str(getattr(one, "code", "")) for name, one in learners.items()}
    return {name: code for name, code in found.items() if code}


def digest_of(problem: Problem, folds: Sequence[Fold]) -> str:
    """Return a digest of everything that every outcome depends on."""
    import pandas as pd

    said = (problem.metric, problem.seed, problem.signature, problem.features)
    cells = pd.util.hash_pandas_object(problem.frame, index=False).to_numpy()
    parts: list[NDArray[Any]] = [cells, problem.target]
    parts += [given for given in (problem.weights, problem.lots) if given is not None]
    parts += [rows for fold in folds for rows in fold]
    return digest(said, parts)


def digest(said: object, parts: "Sequence[NDArray[Any]]") -> str:
    """Return a digest of settings and arrays, and of the versions of what works with them."""
    import lightgbm
    import sklearn

    from keepwell import __version__

    whole = hashlib.sha256()
    versions = (__version__, lightgbm.__version__, sklearn.__version__, np.__version__)
    whole.update(repr((versions, said)).encode())
    for part in parts:
        whole.update(f"{part.dtype}{part.shape}".encode())
        whole.update(np.ascontiguousarray(part).tobytes())
    return whole.hexdigest()


def _written(outcome: Outcome) -> bytes:
    head = {
        "score": outcome.score,
        "rounds": outcome.rounds,
        "seconds": outcome.seconds,
        "answering": outcome.answering,
        "note": outcome.note,
        "failed": outcome.failed,
    }
    body = io.BytesIO()
    if outcome.answer is not None:
        np.save(body, outcome.answer, allow_pickle=False)
    return json.dumps(head).encode() + b"\n" + body.getvalue()


def _read(data: bytes) -> Outcome:
    head, _, body = data.partition(b"\n")
    answer = np.load(io.BytesIO(body), allow_pickle=False) if body else None
    return Outcome(**json.loads(head), answer=answer)


if TYPE_CHECKING:
    _: type[TrialStore] = MemoryStore
