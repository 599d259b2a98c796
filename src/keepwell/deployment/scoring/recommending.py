"""A recommender that answers: `{"user": "u1", "k": 10}` gives a list of items."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from keepwell.core.errors import InvalidRequestError
from keepwell.core.records import Proof, Signature
from keepwell.deployment.scoring.scorer import SCORER_FILE, Scorer, Scores
from keepwell.features.decoding import Decoder
from keepwell.features.recommendation.storage import NAMES, restore, store

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from keepwell.features.recommendation import Recommender

USUAL, MOST = 10, 1_000


class _Lists:
    """The scores of the recommended items, for who asks for numbers alone."""

    def __init__(self, recommender: "Recommender") -> None:
        self.recommender = recommender

    def row(self, values: Sequence[Any]) -> list[float]:
        """Return the scores of a list."""
        return [one.score for one in self.recommender.top(values[0], _wanted(values[1], 0))]

    def batch(self, columns: "Sequence[NDArray[Any]]") -> "NDArray[np.float64]":
        """Return the best score of each list."""
        rows = zip(*columns, strict=True)
        return np.array([[max(self.row([user, 1]), default=np.nan)] for user, *_ in rows])


class RecommendingScorer(Scorer):
    """Answers with lists.

    Args:
        signature: Its inputs are the user, and how many items are wanted.
        recommender: Makes the lists.
    """

    def __init__(self, signature: Signature, recommender: "Recommender") -> None:
        super().__init__(signature, _Lists(recommender))
        self.recommender = recommender
        self.compiled = True
        self.catalogue = len(recommender.catalogue.labels)
        self._read = Decoder(signature)

    def _rows(self, instances: Sequence[Mapping[str, Any]]) -> Scores:
        decoded = self._read.rows(instances)
        users, counts, *more = decoded.columns
        told = self._told(more, len(users))
        lists = self._lists(users, counts, told)
        unknown = sum(self._stranger(user, row) for user, row in zip(users, told, strict=True))
        warnings = list(decoded.warnings)
        if unknown:
            warnings.append(
                f"{unknown} of {len(lists)} users were never seen: they get what is popular"
            )
        return Scores(predictions=lists, warnings=warnings)

    def batch(self, table: "pa.Table", *, lenient: bool = False) -> Scores:
        """Recommend to the users of a table."""
        users, counts, *more = Decoder(self.signature, lenient=lenient).columns(table)
        told = self._told([column.tolist() for column in more], len(users))
        return Scores(predictions=self._lists(users.tolist(), counts.tolist(), told))

    def examined(self, table: "pa.Table") -> Scores:
        """Recommend as if the events that were set aside had not happened."""
        users, counts, *more = Decoder(self.signature, lenient=True).columns(table)
        told = self._told([column.tolist() for column in more], len(users))
        lists = self._lists(users.tolist(), counts.tolist(), told, learnt_only=True)
        return Scores(predictions=lists)

    def _told(self, columns: Sequence[Sequence[Any]], rows: int) -> list[dict[str, Any] | None]:
        """Return by row what it says of its user; None where it says nothing."""
        names = [field.name for field in self.signature.inputs[2:]]
        if not names:
            return [None] * rows
        return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]

    def _stranger(self, user: str | None, told: Mapping[str, Any] | None) -> bool:
        """Tell whether nothing is known of a user, or what is known is not gone by."""
        made = self.recommender
        described = (
            told is not None and made.cold == "audience" and made.described.of(told) is not None
        )
        return made.code(user) is None and not described

    def _lists(
        self,
        users: Sequence[Any],
        counts: Sequence[float],
        told: Sequence[Mapping[str, Any] | None],
        *,
        learnt_only: bool = False,
    ) -> list[list[dict[str, Any]]]:
        top = self.recommender.top
        return [
            [
                one.as_dict()
                for one in top(user, _wanted(count, at), learnt_only=learnt_only, told=said)
            ]
            for at, (user, count, said) in enumerate(zip(users, counts, told, strict=True))
        ]


def _wanted(count: float, row: int) -> int:
    if count != count:  # noqa: PLR0124 (nan: none was sent)
        return USUAL
    if not 1 <= count <= MOST or count != int(count):
        raise InvalidRequestError(
            f"instance {row} asks for {count:g} items",
            why=f"a list has 1 to {MOST:,}",
            now=f"send a whole number, or leave it out for {USUAL}",
            details={"instance": row},
        )
    return int(count)


def recommending_scorer(read: Callable[[str], bytes], signature: Signature) -> RecommendingScorer:
    """Return the scorer of a bundle that holds a recommender."""
    from keepwell.deployment.scoring.heads.library import Booster

    def open_ranker(text: bytes, features: int) -> Any:
        booster = Booster(text, features)
        return lambda known: booster.raw(known)[:, 0]  # in one thread

    return RecommendingScorer(signature, restore(read, open_ranker))


def build_recommender_files(
    fitted: Any, signature: Signature, sample: "pa.Table | None"
) -> tuple[dict[str, bytes], Proof]:
    """Return the files of a recommender, and how well they reproduce it.

    Args:
        fitted: Has a `recommender` and the text of its `ranker`.
        signature: What it takes.
        sample: Rows with the user's column, to compare lists on.
    """
    files = store(fitted.recommender, fitted.ranker)
    files[SCORER_FILE] = msgspec.json.encode({"format": 1, "runs": NAMES})
    restored = recommending_scorer(files.__getitem__, signature).recommender
    users: list[Any] = [None]
    if sample is not None:
        users += list(
            dict.fromkeys(str(one) for one in sample[signature.inputs[0].name].to_pylist())
        )
    largest = 0.0
    for user in users:
        ours, theirs = (maker.top(user, USUAL) for maker in (restored, fitted.recommender))
        if [one.item for one in ours] != [one.item for one in theirs]:
            largest = float("inf")
            break
        gaps = [abs(a.score - b.score) for a, b in zip(ours, theirs, strict=True)]
        largest = max(largest, *gaps, 0.0)
    proof = Proof(rows=len(users), largest_difference=largest, compiled=largest <= 1e-9)  # noqa: PLR2004
    return files, proof
