"""Why an endpoint answers what it answers: rows now, and predictions of the past by their version then."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from keepwell.core.errors import InvalidRequestError, NotFoundError, UnavailableError
from keepwell.core.records import ModelVersion, Prediction
from keepwell.core.suggestions import did_you_mean
from keepwell.deployment.endpoints import Endpoints, must_be_served
from keepwell.deployment.explaining import Explainers, Explanation
from keepwell.deployment.explaining.counterfactual import Counterfactuals, Goal, counterfactuals
from keepwell.deployment.quarantine import Quarantine
from keepwell.infrastructure.logged_rows import believed
from keepwell.monitoring.prediction_log import PredictionLog
from keepwell.tracking.registry import Registry

_OTHERWISE = "the row in the log is answered otherwise than the row that was sent: columns are redacted there"
MOST_CHANGED = 10
"""Rows that changes are looked for at once."""

Instances = Sequence[Mapping[str, Any]]
Complete = Callable[[ModelVersion, Instances], Instances]

MOST = 100
"""Predictions that are explained at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """An explanation, with who it is by and what it is of.

    Attributes:
        explanation: What each column added.
        version: The version that it explains.
        prediction: The past prediction; None for a row that was just sent.
    """

    explanation: Explanation
    version: ModelVersion
    prediction: Prediction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What would have changed an answer, with who it is by and what it is of.

    Attributes:
        found: The changes.
        version: The version that was asked.
        prediction: The past prediction; None for a row that was just sent.
    """

    found: Counterfactuals
    version: ModelVersion
    prediction: Prediction | None = None


class Explanations:
    """Explains the answers of a workspace's endpoints. Safe for several threads.

    Args:
        endpoints: Know who is champion.
        registry: Has the versions, those of the past too.
        predictions: The prediction log.
        collect: Brings the newest predictions into the log.
        explainers: Know the models.
        immutable: Columns that nobody can change: advice leaves them as they are.
        complete: Adds what a version takes and a request need not hold.
    """

    def __init__(
        self,
        endpoints: Endpoints,
        registry: Registry,
        predictions: PredictionLog,
        collect: Callable[[], object],
        explainers: Explainers,
        immutable: Collection[str] = (),
        complete: Complete = lambda model, rows: rows,
    ) -> None:
        self._endpoints = endpoints
        self._registry = registry
        self._predictions = predictions
        self._collect = collect
        self._explainers = explainers
        self._immutable = tuple(immutable)
        self._complete = complete

    def of_rows(
        self,
        endpoint: str,
        instances: Sequence[Mapping[str, Any]],
        *,
        version: int = 0,
        of: Any = None,
        method: str = "auto",
    ) -> list[Explained]:
        """Explain rows by the champion, or by a version.

        Args:
            endpoint: The endpoint.
            instances: The rows; its key column is left aside where the model does not take it.
            version: Number of the version; 0 for the champion.
            of: The class whose output is explained; see `Explainer.explain`.
            method: How; see `Explainer.explain`.

        Raises:
            NotFoundError: If there is no such endpoint or version.
            UnavailableError: If it has no champion.
            InvalidRequestError: If a row does not fit; names the column.
        """
        model, rows = self._asked(endpoint, instances, version)
        explanations = self._explainers.of(model).explain(rows, of=of, method=method)
        return [Explained(explanation=one, version=model) for one in explanations]

    def changes_of_rows(
        self,
        endpoint: str,
        instances: Sequence[Mapping[str, Any]],
        goal: Goal,
        *,
        version: int = 0,
        fixed: Collection[str] = (),
    ) -> list[Changed]:
        """Say what would have changed the answers to rows.

        Args:
            endpoint: The endpoint.
            instances: The rows.
            goal: The answer that is wanted.
            version: Number of the version; 0 for the champion.
            fixed: Columns that stay as they are, beside those of `explain.immutable`.

        Raises:
            NotFoundError: If there is no such endpoint or version.
            InvalidRequestError: If a row does not fit, or there is no such answer or column.
        """
        if len(instances) > MOST_CHANGED:
            raise InvalidRequestError(
                f"{len(instances)} rows are too many to look for changes at once",
                why=f"at most {MOST_CHANGED} are looked at in one request",
                now="ask again for the rest",
                details={"limit": MOST_CHANGED},
            )
        model, rows = self._asked(endpoint, instances, version)
        return [self._change(model, row, goal, fixed) for row in rows]

    def changes_of_predictions(
        self,
        identifiers: Sequence[str],
        goal: Goal,
        *,
        endpoint: str = "",
        fixed: Collection[str] = (),
    ) -> list[Changed]:
        """Say what would have changed past answers, each by the version that gave it.

        Raises:
            NotFoundError: If one of them is not in the log of that endpoint.
            InvalidRequestError: If there are too many, or a column is not in the log.
        """
        if len(identifiers) > MOST_CHANGED:
            raise InvalidRequestError(
                f"{len(identifiers)} predictions are too many to look for changes at once",
                why=f"at most {MOST_CHANGED} are looked at in one request",
                now="ask again for the rest",
                details={"limit": MOST_CHANGED},
            )
        found = self._find(identifiers, endpoint)
        made = []
        for identifier in identifiers:
            prediction = found[identifier]
            model = self._registry.get(prediction.model, prediction.version)
            changed = self._change(model, _logged(prediction, model), goal, fixed)
            made.append(replace(changed, prediction=prediction))
        return made

    def _change(
        self, model: ModelVersion, row: Mapping[str, Any], goal: Goal, fixed: Collection[str]
    ) -> Changed:
        names = [item.name for item in model.signature.inputs]
        unknown = next((name for name in fixed if name not in names), None)
        if unknown is not None:
            raise InvalidRequestError(
                f"'{unknown:.80}' is no column of {model.key}",
                why=f"it takes {', '.join(names[:20])}",
                now=did_you_mean(unknown, names) or "leave it out",
                details={"field": "immutable"},
            )
        candidates = self._explainers.candidates(model, {*fixed, *self._immutable})
        scorer = self._explainers.of(model).scorer
        return Changed(found=counterfactuals(scorer, candidates, row, goal), version=model)

    def _asked(
        self, endpoint: str, instances: Sequence[Mapping[str, Any]], version: int
    ) -> tuple[ModelVersion, Sequence[Mapping[str, Any]]]:
        """Return the version that is asked, and the rows without what it does not take as a key."""
        found = self._endpoints.read(endpoint)
        must_be_served(found)
        number = version or found.champion
        if not number:
            raise UnavailableError(
                f"the endpoint '{endpoint}' has no champion",
                why="no model version has passed its gate yet",
                now="keepwell run, then keepwell status",
            )
        model = self._registry.get(found.model, number)
        instances = self._complete(model, instances)
        if found.key and model.signature.input(found.key) is None:
            instances = [
                {name: value for name, value in row.items() if name != found.key}
                for row in instances
            ]
        if found.quarantined:
            instances = Quarantine(found.quarantined).screened(instances)
        return model, instances

    def of_predictions(
        self,
        identifiers: Sequence[str],
        *,
        endpoint: str = "",
        of: Any = None,
        method: str = "auto",
    ) -> list[Explained]:
        """Explain past predictions, each by the version that answered it.

        Args:
            identifiers: Their ids.
            endpoint: The endpoint that answered them; any if empty.
            of: The class whose output is explained.
            method: How; see `Explainer.explain`.

        Raises:
            NotFoundError: If one of them is not in the log of that endpoint.
            InvalidRequestError: If there are too many.
        """
        if len(identifiers) > MOST:
            raise InvalidRequestError(
                f"{len(identifiers)} predictions are too many to explain at once",
                why=f"at most {MOST} are explained in one request",
                now="ask again for the rest",
                details={"limit": MOST},
            )
        found = self._find(identifiers, endpoint)
        return [self._explain(found[identifier], of, method) for identifier in identifiers]

    def _explain(self, prediction: Prediction, of: Any, method: str) -> Explained:
        asked = self._endpoints.get(prediction.endpoint)
        if asked is not None:
            must_be_served(asked)
        model = self._registry.get(prediction.model, prediction.version)
        row = _logged(prediction, model)
        explanation = self._explainers.of(model).explain([row], of=of, method=method)[0]
        if json.dumps(explanation.prediction) != json.dumps(json.loads(prediction.prediction)):
            explanation = replace(explanation, warnings=(*explanation.warnings, _OTHERWISE))
        return Explained(explanation=explanation, version=model, prediction=prediction)

    def _find(self, identifiers: Iterable[str], endpoint: str) -> dict[str, Prediction]:
        if endpoint:
            self._endpoints.read(endpoint)
        found: dict[str, Prediction] = {}
        collected = False
        for identifier in dict.fromkeys(identifiers):
            prediction = self._predictions.find(identifier)
            if prediction is None and not collected:
                self._collect()
                collected = True
                prediction = self._predictions.find(identifier)
            if prediction is None or (endpoint and prediction.endpoint != endpoint):
                where = f"of '{endpoint}'" if endpoint else "in this workspace"
                other = f"it is one of '{prediction.endpoint}'" if prediction else ""
                raise NotFoundError(
                    f"there is no prediction '{identifier:.80}' {where}",
                    why=other or "no endpoint of this workspace answered with that id",
                    now="take an id from `prediction_ids` of an answer",
                    details={"prediction_id": identifier},
                )
            found[identifier] = prediction
        return found


def _logged(prediction: Prediction, model: ModelVersion) -> dict[str, Any]:
    """Return the row of a past prediction, if the log holds all of it."""
    row = believed(json.loads(prediction.inputs))
    gaps = [item.name for item in model.signature.inputs if item.required and item.name not in row]
    if gaps:
        raise InvalidRequestError(
            f"prediction '{prediction.id}' was logged without '{gaps[0]}'",
            why="the project file has the column under serve.log.redact, so nobody knows it now",
            now="send the whole row as an instance instead",
            details={"columns": gaps},
        )
    return row


def changed_document_of(changed: Changed) -> dict[str, Any]:
    """Return what would have changed an answer as a JSON-ready document."""
    said = changed.found
    document: dict[str, Any] = {"prediction": said.prediction}
    if said.probability is not None:
        document["probability"] = said.probability
    document["goal"] = said.goal
    document["counterfactuals"] = [
        {
            "changes": [
                {"column": it.column, "from": it.before, "to": it.after} for it in one.changes
            ],
            "prediction": one.prediction,
        }
        | ({} if one.probability is None else {"probability": one.probability})
        | {"words": one.words}
        for one in said.found
    ]
    document |= {"tried": said.tried, "seconds": round(said.seconds, 4)}
    if said.note:
        document["note"] = said.note
    document["model"] = {"name": changed.version.model, "version": changed.version.version}
    if changed.prediction is not None:
        document["prediction_id"] = changed.prediction.id
    return document


def document_of(explained: Explained) -> dict[str, Any]:
    """Return an explanation as a JSON-ready document."""
    said = explained.explanation
    document: dict[str, Any] = {"prediction": said.prediction}
    if said.explained is not None:
        document |= {"class": said.explained, "probability": said.probability}
    document |= {"base": said.base, "output": said.output, "scale": said.scale}
    document["contributions"] = [
        {"column": one.column, "value": one.value, "contribution": one.contribution}
        | ({} if one.standard_error is None else {"standard_error": one.standard_error})
        for one in said.contributions
    ]
    document |= {"reasons": list(said.reasons), "method": said.method, "exact": said.exact}
    if not said.exact:
        document["samples"] = said.samples
    if said.fidelity is not None:
        document["fidelity"] = said.fidelity
    document["model"] = {"name": explained.version.model, "version": explained.version.version}
    if explained.prediction is not None:
        document["prediction_id"] = explained.prediction.id
    if said.warnings:
        document["warnings"] = list(said.warnings)
    return document
