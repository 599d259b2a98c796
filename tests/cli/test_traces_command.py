"""`keepwell traces`: read and scored from a terminal."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from traced_world import request, trace_id

from keepwell.workspace import Workspace


def test_nothing_yet_says_what_to_do(project: Path, keepwell: Callable[..., Any]) -> None:
    ended = keepwell("traces", "-C", project)
    assert ended.code == 0
    assert "kw.monitor.trace" in ended.out


def test_traces_are_listed_shown_and_scored(project: Path, keepwell: Callable[..., Any]) -> None:
    with Workspace.open(project) as workspace:
        now = workspace.clock.now()
        told = [*request(0, now=now), *request(1, error="timed out", now=now)]
        workspace.traces.store.take(told)
    listed = keepwell("traces", "list", "--where", "ms>100", "-C", project)
    assert "2 of 2 traces; 2,400 tokens; no price stated" in listed.out
    assert "! timed out" in listed.out
    assert "question 0" in listed.out
    document = keepwell("traces", "list", "--failed", "--json", "-C", project).document
    assert [one["trace"] for one in document["traces"]] == [trace_id(1)]
    assert document["figures"]["error_rate"] == 1.0
    scored = keepwell(
        "traces", "score", "latest", "helpful", "0.8", "--why", "clear", "-C", project
    )
    assert scored.code == 0
    shown = keepwell("traces", "show", trace_id(1), "-C", project)
    assert "helpful 0.8 (human" in shown.out
    assert "clear" in shown.out
    assert "! answer: timed out" in shown.out
    assert "█" in shown.out
    whole = keepwell("traces", "show", "latest", "--json", "-C", project).document
    assert [one["depth"] for one in whole["spans"]] == [0, 1, 1]
    assert whole["spans"][0]["time"] == pytest.approx(now - 599)
    missing = keepwell("traces", "show", "gone", "-C", project)
    assert missing.code == 1
    assert "there is no trace 'gone'" in missing.err
