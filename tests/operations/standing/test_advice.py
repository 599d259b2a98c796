from typing import Any

import pytest

from keepwell.operations.standing.advice import RETRAIN, WAIT, Situation, advise

FELL = "roc_auc is 0.7, 0.85 on the test rows"
ENOUGH: dict[str, Any] = {"labels": 500, "needed": 200, "predictions": 1000}
FEW: dict[str, Any] = {"labels": 50, "needed": 200, "predictions": 1000}


@pytest.mark.parametrize(
    ("now", "verdict", "reason"),
    [
        (Situation(fell=FELL, **ENOUGH), RETRAIN, "performance fell"),
        (Situation(fell=FELL, **FEW), WAIT, "150 more outcomes"),
        (Situation(fell=FELL, service="2% failed", **ENOUGH), WAIT, "the service itself"),
        (Situation(fell=FELL, damage="`age` is missing", **ENOUGH), WAIT, "damaged"),
        (
            Situation(fell=FELL, busy="a version is on trial", **ENOUGH),
            WAIT,
            "a version is on trial",
        ),
        (Situation(expected_fall=FELL, drift="`age` moved", **ENOUGH), RETRAIN, "inputs moved"),
        (Situation(expected_fall=FELL, drift="`age` moved", **FEW), WAIT, "outcomes must confirm"),
        (Situation(expected_fall=FELL, holds="it holds", **ENOUGH), WAIT, "show none so far"),
        (Situation(drift="`age` moved", holds="it holds", **ENOUGH), WAIT, "performance holds"),
        (Situation(drift="`age` moved", **ENOUGH), WAIT, "nothing says that it hurts"),
        (Situation(**ENOUGH), WAIT, "nothing asks"),
    ],
)
def test_the_verdict_and_its_reason(now: Situation, verdict: str, reason: str) -> None:
    advice = advise(now)
    assert advice.verdict == verdict
    assert reason in advice.reason


def test_the_evidence_begins_with_what_speaks_for_the_verdict() -> None:
    advice = advise(Situation(fell=FELL, damage="`age` is missing", coming=0.4, **ENOUGH))
    assert [fact.says for fact in advice.evidence] == ["wait", "retrain", "retrain", ""]
    assert advice.evidence[0].words == "`age` is missing"
    assert any(fact.words.startswith("40% of the outcomes") for fact in advice.evidence)


def test_nothing_is_advised_before_anything_was_predicted() -> None:
    assert advise(Situation(labels=500)).verdict == ""
