"""The table of engines in the docs says what the results say."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def asked(code: str) -> Any:
    """What the benchmark's report says; it needs no more than Python."""
    whole = f"import json; from benchmarks.automl import report; print(json.dumps({code}))"
    words = [sys.executable, "-c", whole]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT)
    return json.loads(done.stdout)


def result(engine: str, table: str, score: float, metric: str) -> dict[str, Any]:
    return {
        "engine": engine, "table": table, "budget": 60.0, "date": "2026-01-02", "machine": "here",
        "metric": metric, "score": score, "seconds": 60.0, "over": 0.01, "row_us": 20.0,
        "many_ms": 9.0, "size_kb": 50.0, "peak_mb": 300, "note": "",
    }  # fmt: skip


def test_the_page_holds_the_results() -> None:
    assert (
        asked("report.filled(report.PAGE.read_text(), report.read(report.RESULTS))")
        == (ROOT / "docs" / "reference" / "automl.md").read_text()
    )


def test_ranks_count_engines_with_a_result_everywhere_and_share_ties() -> None:
    results = [
        result("a", "x", 0.9, "roc_auc"), result("b", "x", 0.8, "roc_auc"),
        result("c", "x", 0.8, "roc_auc"), result("a", "y", 3.0, "rmse"),
        result("b", "y", 2.0, "rmse"), result("c", "y", 4.0, "rmse"),
        result("d", "x", 1.0, "roc_auc"),
    ]  # fmt: skip
    assert asked(f"report.ranks({results!r})") == {"a": 1.5, "b": 1.75, "c": 2.75}
    shown = asked(f"report.rendered({results!r})")
    assert "| d | 1 of 2 done |" in shown
    assert "| y | rmse | 3 | **2** | 4 | - |" in shown
