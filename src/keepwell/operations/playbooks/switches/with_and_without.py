"""A champion's answers to the newest rows as they were sent, and with a column taken out of them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keepwell.core.errors import KeepwellError
from keepwell.core.records import ModelVersion
from keepwell.deployment.scoring.scorer import Scorer, Scores
from keepwell.infrastructure.logged_rows import MARK
from keepwell.monitoring.labels import Labels
from keepwell.operations.build.judge import open_scorer
from keepwell.operations.loop.retrainings import Comparison
from keepwell.operations.playbooks.means import Means
from keepwell.operations.playbooks.models.outcomes import FEWEST_TEST
from keepwell.operations.playbooks.models.proof import compared

MOST = 2000


def with_and_without(
    means: Means, endpoint: str, champion: ModelVersion, instead: Mapping[str, Any]
) -> Comparison | str:
    """Return both on the same rows, or why that could not be measured.

    Rows that it cannot answer as they were sent are left out: quarantine makes them answerable, which no
    metric tells.

    Args:
        means: The parts of the workspace.
        endpoint: Whose log.
        champion: Who answers.
        instead: What stands in the place of which columns; None for nothing.
    """
    signature = champion.signature
    if not (signature.task.labelled or signature.task.numeric) or not signature.target:
        return f"outcomes say nothing about a model of {signature.task.value}"
    means.collect()
    logged = means.predictions.labelled(
        endpoint, rows=MOST, since=_since(means), columns=["time", "inputs"]
    )
    rows, actual = _known(champion, logged.to_pylist())
    scorer = open_scorer(means.bench, champion)
    sent, out, kept = _answers(scorer, rows, actual, instead)
    if len(kept) < FEWEST_TEST:
        return (
            f"{len(kept):,} rows of the monitor's window have outcomes and can be answered as they were "
            "sent: too few to measure what it does"
        )
    try:
        return compared(champion.metric, champion, kept, out, sent)
    except KeepwellError as error:
        return str(error.what)


def _since(means: Means) -> float | None:
    """Return where the window begins in which the column is believed to be broken."""
    window = means.bench.spec.monitor.window_seconds
    return None if window is None else means.bench.clock.now() - window


def _known(
    champion: ModelVersion, logged: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[Any]]:
    signature = champion.signature
    names = {item.name for item in signature.inputs}
    labels = Labels(signature.classes)
    rows, actual = [], []
    for item in logged:
        said = json.loads(item["outcome"])
        truth = said if signature.task.numeric else labels.of(said)
        if truth is None or (signature.task.numeric and not isinstance(truth, int | float)):
            continue
        sent = json.loads(item["inputs"])
        sent.pop(MARK, None)
        rows.append({name: value for name, value in sent.items() if name in names})
        actual.append(truth)
    return rows, actual


def _answers(
    scorer: Scorer, rows: Sequence[Mapping[str, Any]], actual: list[Any], instead: Mapping[str, Any]
) -> tuple[Scores, Scores, list[Any]]:
    """Return the answers to rows as they were sent and without, and the truth about those that have both."""
    try:
        return scorer.rows(rows), scorer.rows([{**row, **instead} for row in rows]), actual
    except KeepwellError:  # some cannot be answered: each by itself
        pass
    pairs, kept = [], []
    for row, truth in zip(rows, actual, strict=True):
        try:
            pairs.append((scorer.rows([row]), scorer.rows([{**row, **instead}])))
        except KeepwellError:
            continue
        kept.append(truth)
    return _joined([one for one, _ in pairs]), _joined([other for _, other in pairs]), kept


def _joined(answers: list[Scores]) -> Scores:
    chances = [one.probabilities for one in answers if one.probabilities is not None]
    return Scores(
        predictions=[one.predictions[0] for one in answers],
        probabilities=np.concatenate(chances) if chances else None,
    )
