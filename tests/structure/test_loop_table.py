"""The table of rules of when to retrain says what the results say."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def asked(code: str) -> Any:
    """What the benchmark's report says; it needs no more than Python."""
    whole = f"import json; from benchmarks.loop import report; print(json.dumps({code}))"
    words = [sys.executable, "-c", whole]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT)
    return json.loads(done.stdout)


def result(rule: str, score: float, retrainings: int, metric: str = "roc_auc") -> dict[str, Any]:
    return {
        "stream": "x", "rule": rule, "round": 1, "rows": 9000, "metric": metric, "metrics": {metric: score},
        "value": score, "retrainings": retrainings, "failed": 0, "takeovers": retrainings, "training": 3.0,
        "seconds": 9.0, "budget": 1.0, "date": "2026-01-02", "machine": "here",
    }  # fmt: skip


def test_the_page_holds_the_results() -> None:
    assert (
        asked("report.filled(report.PAGE.read_text(), report.read(report.RESULTS))")
        == (ROOT / "docs" / "reference" / "loop-benchmark.md").read_text()
    )


def test_as_good_with_half_the_trainings_is_told_from_the_best_of_the_others() -> None:
    rivals = [result("frozen", 0.7, 0), result("periodic", 0.9, 8), result("alarms", 0.8, 30)]
    assert asked(f"report.verdict({[result('loop', 0.896, 4), *rivals]!r}, 'x')") == [True, True]
    assert asked(f"report.verdict({[result('loop', 0.89, 5), *rivals]!r}, 'x')") == [False, False]
    assert asked(f"report.verdict({rivals!r}, 'x')") is None
    errors = [
        result(one["rule"], 1 - one["metrics"]["roc_auc"], one["retrainings"], "rmse")
        for one in rivals
    ]
    assert asked(f"report.verdict({[result('loop', 0.0, 9, 'rmse'), *errors]!r}, 'x')") == [
        True,
        False,
    ]
    shown = asked(f"report.rendered({[result('loop', 0.95, 4), *rivals]!r})")
    assert "| x | 9,000 | roc_auc | **0.95** | 0.7 | 0.9 | 0.8 |" in shown
    assert "- x: as good as the best, with at most half its retrainings." in shown


def test_rounds_are_averaged_and_their_range_is_shown() -> None:
    rounds = [
        result(rule, score + shift, retrainings) | {"round": number}
        for number, shift in ((1, 0.0), (2, 0.02))
        for rule, score, retrainings in (
            ("loop", 0.9, 3 + number), ("frozen", 0.7, 0), ("periodic", 0.87, 8), ("alarms", 0.8, 30),
        )
    ]  # fmt: skip
    shown = asked(f"report.rendered({rounds!r})")
    assert "means of 2 rounds" in shown
    assert "| **0.91** (0.9 to 0.92) | 0.71 (0.7 to 0.72) |" in shown
    assert "| x | 4.5, 4.5, 3 s | 0, 0, 3 s |" in shown
    assert asked(f"report.verdict({rounds!r}, 'x')") == [True, False]


def test_metrics_of_order_are_averaged_over_time() -> None:
    code = """[report.judged(Quality(metric=metric, value=0.5, rows=40, points=(
        QualityPoint(time=0.0, value=0.9, rows=30), QualityPoint(time=1.0, value=None, rows=9),
        QualityPoint(time=2.0, value=0.7, rows=10)))) for metric in ("roc_auc", "rmse")]"""
    known = "__import__('keepwell.operations.simulation.result', fromlist=['x'])"
    code = code.replace("QualityPoint(", f"{known}.QualityPoint(").replace(
        "Quality(metric", f"{known}.Quality(metric"
    )
    assert asked(" ".join(code.split())) == [pytest.approx(0.85), 0.5]
