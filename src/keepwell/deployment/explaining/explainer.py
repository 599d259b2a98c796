"""Explains rows by one model version."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from keepwell.core.errors import InvalidRequestError
from keepwell.core.records import Signature
from keepwell.core.suggestions import did_you_mean
from keepwell.deployment.explaining.exact import Exact, Parts
from keepwell.deployment.explaining.explanation import Contribution, Explanation
from keepwell.deployment.explaining.libraries import by_lime, by_shap
from keepwell.deployment.explaining.reasons import reasons_of
from keepwell.deployment.explaining.sampled import walk
from keepwell.deployment.labels import class_names
from keepwell.deployment.scoring.scorer import SCORER_FILE, Scorer, Scores, load_scorer

if TYPE_CHECKING:
    from numpy.typing import NDArray

BUDGET = 2.0
"""Seconds that sampling may take for all rows of a request."""

MOST_ROWS = 100
_WALKED = (
    50  # rows whose contributions are sampled for a mean: few walks would add noise to its size
)
_PAIR = 2

METHODS = ("auto", "exact", "sampled", "shap", "lime")
"""How a row may be explained; the last two are libraries of the extra `explain`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """What was found out about one row: by column, for the output that is explained."""

    scale: str
    base: float
    output: float
    values: "NDArray[np.float64]"
    errors: "NDArray[np.float64] | None" = None
    method: str
    samples: int = 0
    exact: bool = True
    fidelity: float | None = None
    warning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strengths:
    """By input column the mean size of its contributions, and what they are."""

    sizes: "NDArray[np.float64]"
    scale: str
    method: str
    rows: int


class Explainer:
    """Says what each column added to an answer. Safe for several threads.

    Args:
        scorer: The model.
        typical: Rows that stand for all rows: `typical_rows`.
        data: What the scorer was built from, if it is compiled.
    """

    def __init__(
        self,
        scorer: Scorer,
        typical: "Sequence[NDArray[Any]]",
        data: Mapping[str, Any] | None = None,
    ) -> None:
        self.signature = scorer.signature
        self.scorer = scorer
        self._typical = typical
        self._exact = Exact.of(data, scorer.model, typical) if data else None
        self._classes = list(self.signature.classes)

    @classmethod
    def load(
        cls,
        read: Callable[[str], bytes],
        signature: Signature,
        typical: "Sequence[NDArray[Any]]",
    ) -> "Explainer":
        """Return the explainer of a bundle.

        Args:
            read: Gives a file of the bundle by name, verified.
            signature: Of the version that the bundle belongs to.
            typical: Rows that stand for all rows.
        """
        data = msgspec.json.decode(read(SCORER_FILE))
        scorer = load_scorer(read, signature)
        return cls(scorer, typical, data if "head" in data else None)

    def explain(
        self,
        instances: Sequence[Mapping[str, Any]],
        *,
        of: Any = None,
        budget: float = BUDGET,
        method: str = "auto",
    ) -> list[Explanation]:
        """Return an explanation of each row.

        Args:
            instances: The rows.
            of: The class whose output is explained. Of two classes it is the second unless said, of
                more the predicted one.
            budget: Seconds that sampling may take, where the model does not say it exactly.
            method: One of `METHODS`: `auto` is exact where the model can be, else sampled.

        Raises:
            InvalidRequestError: If a row does not fit the signature, there are too many, or there is no
                such class, or the method does not fit the model.
            UnavailableError: If the method needs an extra that is not installed.
        """
        self._check_method(method)
        if len(instances) > MOST_ROWS:
            raise InvalidRequestError(
                f"{len(instances)} rows are too many to explain at once",
                why=f"at most {MOST_ROWS} are explained in one request",
                now="ask again for the rest",
                details={"limit": MOST_ROWS},
            )
        asked = self._place(of)
        if not instances:
            return []
        scores = self.scorer.rows(instances)
        columns = self.scorer.canonical(instances)
        exact = self._exact if method in ("auto", "exact") else None
        parts = exact.explain(columns) if exact is not None else None
        start = time.monotonic()
        explanations = []
        for at, instance in enumerate(instances):
            place = self._default(scores.predictions[at]) if asked is None else asked
            if parts is not None:
                row = _read_off(parts, at, place)
            elif method in ("lime", "shap"):
                row = self._by_library(method, [column[at : at + 1] for column in columns], place)
            else:
                until = start + budget * (at + 1) / len(instances)
                row = self._walk([column[at : at + 1] for column in columns], place, until)
            explanations.append(self._written(instance, scores, at, place, row))
        return explanations

    def strengths(self, columns: "Sequence[NDArray[Any]]", *, until: float) -> Strengths:
        """Return how much each column adds on average, up or down, over rows and outputs.

        Args:
            columns: Rows as canonical values.
            until: When sampling stops, on the clock of `time.monotonic`; one row is always done.
        """
        parts = self._exact.explain(columns) if self._exact is not None else None
        if parts is not None:
            sizes = np.abs(parts.values).mean(axis=(0, 1))
            return Strengths(
                sizes=sizes, scale=parts.scale, method=parts.method, rows=len(columns[0])
            )
        found: list[NDArray[np.float64]] = []
        rows = min(len(columns[0]), _WALKED)
        for at in range(rows):
            now = time.monotonic()
            if found and now > until:
                break
            row = [column[at : at + 1] for column in columns]
            until_row = now + (until - now) / (rows - at)
            walks = walk(self.scorer.model.batch, row, self._typical, until=until_row)
            found.append(np.abs(walks.values).mean(axis=0))
        scale = "probability" if self._classes else "value"
        return Strengths(
            sizes=np.mean(found, axis=0), scale=scale, method="sampled", rows=len(found)
        )

    def _walk(self, row: "Sequence[NDArray[Any]]", place: int, until: float) -> _Row:
        answer = self.scorer.model.batch
        walks = walk(answer, row, self._typical, until=until)
        base, values = float(walks.base[place]), walks.values[place]
        return _Row(
            scale="probability" if self._classes else "value",
            base=base,
            output=base + float(values.sum()),
            values=values,
            errors=walks.errors[place],
            method="sampled",
            samples=walks.samples,
        )

    def _by_library(self, method: str, row: "Sequence[NDArray[Any]]", place: int) -> _Row:
        answer = self.scorer.model.batch
        names = [item.name for item in self.signature.inputs]
        found = (
            by_lime(answer, row, self._typical, place, names)
            if method == "lime"
            else by_shap(answer, row, self._typical, place)
        )
        held = ", ".join(names[at] for at in found.held)
        return _Row(
            scale="probability" if self._classes else "value",
            base=found.base,
            output=found.base + float(found.values.sum()),
            values=found.values,
            method=method,
            samples=found.samples,
            exact=False,
            fidelity=found.fidelity,
            warning=f"missing in the row, so LIME left it as it is: {held}" if held else "",
        )

    def _check_method(self, method: str) -> None:
        if method not in METHODS:
            raise InvalidRequestError(
                f"there is no method '{method:.40}'",
                why=f"explanations are {', '.join(METHODS)}",
                now=did_you_mean(method, METHODS) or "leave the method out",
                details={"field": "method"},
            )
        if method == "exact" and self._exact is None:
            raise InvalidRequestError(
                "this model has no exact explanation",
                why="it is no sum over its columns, or a step mixes columns",
                now="leave the method out, or ask for sampled",
                details={"field": "method"},
            )

    def _place(self, of: Any) -> int | None:
        """Return where a class is among the classes; None for none in particular."""
        if of is None:
            return None
        names = class_names(self.signature)
        known = self._classes + names  # a label as it is, or as JSON keys have it
        for at, label in enumerate(known):
            if label == of and isinstance(label, bool) == isinstance(of, bool):
                return at % len(self._classes)
        raise InvalidRequestError(
            f"there is no class {of!r:.80}",
            why=f"the model's classes are {', '.join(names)}" if names else "it predicts a number",
            now=did_you_mean(str(of), names) or "leave the class out",
            details={"field": "class"},
        )

    def _default(self, prediction: Any) -> int:
        if len(self._classes) <= _PAIR:
            return max(0, len(self._classes) - 1)
        return self._classes.index(prediction)

    def _written(
        self, instance: Mapping[str, Any], scores: Scores, at: int, place: int, row: _Row
    ) -> Explanation:
        contributions = [
            Contribution(
                column=field.name,
                value=instance.get(field.name),
                contribution=float(row.values[number]),
                standard_error=None if row.errors is None else float(row.errors[number]),
            )
            for number, field in enumerate(self.signature.inputs)
        ]
        contributions.sort(key=lambda one: -abs(one.contribution))
        explained = self._classes[place] if self._classes else None
        likely = scores.probabilities
        return Explanation(
            prediction=scores.predictions[at],
            explained=explained,
            probability=None if likely is None else float(likely[at, place]),
            scale=row.scale,
            base=row.base,
            output=row.output,
            contributions=tuple(contributions),
            method=row.method,
            exact=row.exact and row.errors is None,
            samples=row.samples,
            fidelity=row.fidelity,
            reasons=tuple(reasons_of(contributions, explained, self.signature.subject)),
            warnings=(*scores.warnings, *([row.warning] if row.warning else [])),
        )


def _read_off(parts: Parts, at: int, place: int) -> _Row:
    """Return a row's parts for one output; the first of two classes has the second's, turned around."""
    outputs = parts.output.shape[1]
    sign = -1.0 if outputs == 1 and place == 0 and parts.two_classes else 1.0
    output = 0 if outputs == 1 else place
    return _Row(
        scale=parts.scale,
        base=sign * float(parts.base[at, output]),
        output=sign * float(parts.output[at, output]),
        values=sign * parts.values[at, output],
        method=parts.method,
    )
