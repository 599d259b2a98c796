"""What an endpoint would have answered to the rows that it was really asked, under another policy."""

from collections import OrderedDict
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from keepwell.core.errors import KeepwellError
from keepwell.core.records import Quarantined
from keepwell.deployment.quarantine import Quarantine
from keepwell.deployment.scoring import Scorer
from keepwell.infrastructure.logged_rows import MARK, believed
from keepwell.operations.build.bench import Bench
from keepwell.operations.build.judge import open_scorer
from keepwell.operations.build.live_rows import inputs_table
from keepwell.operations.simulation.acting.assignment import Answerer, assigned

if TYPE_CHECKING:
    from numpy.typing import NDArray

_OPEN = 4  # scorers held at a time

Answers = tuple[list[str | None], list[list[float]]]


class Answering:
    """Answers logged rows anew, as the simulated endpoint would at that moment.

    Who answers is decided by its rules, shares and switches; columns in its quarantine are not believed.
    A row that was really answered by the very version that answers it here, from the same values, keeps its
    answer: nothing is computed as long as nothing differs.

    Args:
        bench: The simulation's parts.
        endpoint: Whose rows.
        real: Numbers of versions that are the same here and in the log.

    Attributes:
        scored: Rows that were answered anew.
        refused: Rows that whoever was to answer could not answer; they are left out.
    """

    def __init__(self, bench: Bench, endpoint: str, real: Collection[int]) -> None:
        self._bench = bench
        self._endpoint = endpoint
        self._real = real
        self._scorers: OrderedDict[int, Scorer] = OrderedDict()
        self.scored = 0
        self.refused = 0

    def __call__(self, rows: pa.Table) -> pa.Table:
        """Return the rows with the answers that they would have got."""
        endpoint = self._bench.endpoints.get(self._endpoint)
        if endpoint is None or not endpoint.routes:
            return rows
        rows, same = _screened(rows, endpoint.quarantined)
        known: set[int] = set()
        if endpoint.flags.rules:
            known = {one.version for one in self._bench.registry.versions(endpoint.model)}
        parts, places = [rows.slice(0, 0)], [np.arange(0)]
        for who, at in assigned(rows, endpoint, known):
            if len(at):
                part, kept = self._answered(rows.take(at), endpoint.model, who, same[at])
                parts.append(part)
                places.append(at[kept])
        order = np.concatenate(places)
        self.refused += rows.num_rows - len(order)
        return pa.concat_tables(parts).take(np.argsort(order, kind="stable"))

    def _answered(
        self, rows: pa.Table, model: str, who: Answerer, same: "NDArray[np.bool_]"
    ) -> tuple[pa.Table, "NDArray[np.int64]"]:
        """Return rows as somebody answers them, and which of them they could answer."""
        number = who.version
        if number in self._real:
            fresh = np.flatnonzero(~(same & (rows["version"].to_numpy() == number)))
        else:
            fresh = np.arange(rows.num_rows)
        said, chances = rows["prediction"].to_pylist(), rows["probabilities"].to_pylist()
        if len(fresh):
            answers = (
                self._scored(rows["inputs"].take(fresh).to_pylist(), model, number)
                if number
                else ([msgspec.json.encode(who.value).decode()] * len(fresh), [[]] * len(fresh))
            )
            for at, answer, chance in zip(fresh.tolist(), *answers, strict=True):
                said[at], chances[at] = answer, chance
        kept = np.flatnonzero([one is not None for one in said])
        columns = {
            "version": pa.array([number] * rows.num_rows, pa.int64()),
            "role": pa.array([who.role] * rows.num_rows, pa.string()),
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
                answers = _written(scorer.rows([believed(msgspec.json.decode(document))]))
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


def _screened(
    rows: pa.Table, quarantined: Sequence[Quarantined]
) -> tuple[pa.Table, "NDArray[np.bool_]"]:
    """Return rows as they would be logged, and of which the model saw the same when they really were."""
    same = np.ones(rows.num_rows, dtype=bool)
    if not quarantined and not pc.any(pc.match_substring(rows["inputs"], MARK)).as_py():
        return rows, same
    quarantine = Quarantine(quarantined)
    documents = rows["inputs"].to_pylist()
    for at, document in enumerate(documents):
        sent = msgspec.json.decode(document)
        before = sent.pop(MARK, {})
        logged = quarantine.marked(sent)
        same[at] = logged.get(MARK, {}) == before
        if not same[at]:
            documents[at] = msgspec.json.encode(logged).decode()
    place = rows.schema.get_field_index("inputs")
    return rows.set_column(place, "inputs", pa.array(documents, pa.string())), same


def _written(scores: Any) -> Answers:
    """Return answers as the log writes them."""
    said: list[str | None] = [
        msgspec.json.encode(one.item() if hasattr(one, "item") else one).decode()
        for one in scores.predictions
    ]
    given = scores.probabilities
    return said, [[] for _ in said] if given is None else given.tolist()
