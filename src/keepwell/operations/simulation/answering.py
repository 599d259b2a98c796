"""What an endpoint would have answered to the rows that it was really asked, under another policy."""

from collections import OrderedDict
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from keepwell.core.errors import KeepwellError
from keepwell.core.records import Route
from keepwell.deployment.routing import Split
from keepwell.deployment.scoring import Scorer
from keepwell.operations.build.bench import Bench
from keepwell.operations.build.judge import open_scorer
from keepwell.operations.build.live_rows import inputs_table

_OPEN = 4  # scorers held at a time

Answers = tuple[list[str | None], list[list[float]]]


class Answering:
    """Answers logged rows anew, by the routes that the simulated endpoint has at that moment.

    A row that was really answered by the very version that answers it here keeps its answer: nothing is
    computed as long as nothing differs.

    Args:
        bench: The simulation's parts.
        endpoint: Whose rows.
        real: Numbers of versions that are the same here and in the log.

    Attributes:
        scored: Rows that were answered anew.
        refused: Rows that the version which was to answer could not answer; they are left out.
    """

    def __init__(self, bench: Bench, endpoint: str, real: frozenset[int]) -> None:
        self._bench = bench
        self._endpoint = endpoint
        self._real = real
        self._scorers: OrderedDict[int, Scorer] = OrderedDict()
        self.scored = 0
        self.refused = 0

    def __call__(self, rows: pa.Table) -> pa.Table:
        """Return the rows with the answers that they would have got."""
        endpoint = self._bench.endpoints.get(self._endpoint)
        routes = () if endpoint is None else endpoint.routes
        if endpoint is None or not routes:
            return rows
        picked = _picked(rows, endpoint.name, routes)
        parts, places = [], []
        for position in np.unique(picked):
            at = np.flatnonzero(picked == position)
            part, kept = self._answered(rows.take(at), endpoint.model, routes[int(position)])
            parts.append(part)
            places.append(at[kept])
        whole = pa.concat_tables(parts)
        order = np.argsort(np.concatenate(places), kind="stable")
        return whole.take(order)

    def _answered(
        self, rows: pa.Table, model: str, route: Route
    ) -> tuple[pa.Table, "np.ndarray[Any, Any]"]:
        """Return rows answered by one version, and which of them it could answer."""
        number = route.version
        same = rows["version"].to_numpy() == number if number in self._real else None
        fresh = np.arange(rows.num_rows) if same is None else np.flatnonzero(~same)
        said, chances = rows["prediction"].to_pylist(), rows["probabilities"].to_pylist()
        if len(fresh):
            answers = self._scored(rows["inputs"].take(fresh).to_pylist(), model, number)
            for at, answer, chance in zip(fresh.tolist(), *answers, strict=True):
                said[at], chances[at] = answer, chance
        kept = np.flatnonzero([one is not None for one in said])
        self.refused += rows.num_rows - len(kept)
        columns = {
            "version": pa.array([number] * rows.num_rows, pa.int64()),
            "role": pa.array([route.role] * rows.num_rows, pa.string()),
            "prediction": pa.array(said, pa.string()),
            "probabilities": pa.array(chances, pa.list_(pa.float64())),
        }
        for name, column in columns.items():
            rows = rows.set_column(rows.schema.get_field_index(name), name, column)
        return rows.take(kept), kept

    def _scored(self, documents: list[str], model: str, number: int) -> Answers:
        scorer = self._scorer(model, number)
        self.scored += len(documents)
        try:
            table = inputs_table(documents, scorer.signature)
            return _written(scorer.batch(table, lenient=True))
        except (KeepwellError, ValueError, TypeError):  # one row that does not fit refuses them all
            return self._one_by_one(documents, scorer)

    @staticmethod
    def _one_by_one(documents: list[str], scorer: Scorer) -> Answers:
        said: list[str | None] = []
        chances: list[list[float]] = []
        for document in documents:
            try:
                answers = _written(scorer.rows([msgspec.json.decode(document)]))
            except (KeepwellError, ValueError, TypeError):
                answers = ([None], [[]])
            said += answers[0]
            chances += answers[1]
        return said, chances

    def _scorer(self, model: str, number: int) -> Scorer:
        if number not in self._scorers:
            while len(self._scorers) >= _OPEN:
                self._scorers.popitem(last=False)
            version = self._bench.registry.get(model, number)
            self._scorers[number] = open_scorer(self._bench, version)
        return self._scorers[number]


def _picked(
    rows: pa.Table, endpoint: str, routes: tuple[Route, ...]
) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """Return the position of the route that answers each row."""
    split = Split(endpoint, routes)
    if split.whole is not None:
        return np.full(rows.num_rows, split.whole, dtype=np.int64)
    keys = zip(rows["key"].to_pylist(), rows["request"].to_pylist(), strict=True)
    return np.asarray([split.pick(key or request) for key, request in keys], dtype=np.int64)


def _written(scores: Any) -> Answers:
    """Return answers as the log writes them."""
    said: list[str | None] = [
        msgspec.json.encode(one.item() if hasattr(one, "item") else one).decode()
        for one in scores.predictions
    ]
    given = scores.probabilities
    return said, [[] for _ in said] if given is None else given.tolist()
