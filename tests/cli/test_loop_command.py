"""`keepwell loop` as it is read and spoken to."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from console_customers import NAME
from console_loop import tell_loop
from console_world import tell

Keepwell = Callable[..., Any]


@pytest.fixture(scope="module")
def looped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project whose loop did things."""
    told = tell(tmp_path_factory.mktemp("looped") / "churn", time.time())
    tell_loop(told)
    root = told.workspace.root
    told.workspace.close()
    return root


def test_the_status_is_what_is_said_first(keepwell: Keepwell, looped: Path) -> None:
    said = keepwell("loop", "-C", looped)
    assert said.code == 0, said.err
    for words in (
        "nobody looks at present; keepwell up does",
        "charges is missing in 18% of the rows",
        "it waits for somebody to agree",
        "another retraining would exceed the budget of 2h per 1d",
        "anyone must agree before charges is left out",
    ):
        assert words in said.out
    document = keepwell("loop", "status", NAME, "-C", looped, "--json").document
    assert (document["looking"], document["endpoints"][0]["champion"]) == (False, 2)


def test_the_history_tells_effects(keepwell: Keepwell, looped: Path) -> None:
    said = keepwell("loop", "history", "-C", looped)
    assert "latency_p95_ms 312 → 160" in said.out
    assert "latency_p95_ms 312 → 118" in said.out
    document = keepwell("loop", "history", "--days", "1", "-C", looped, "--json").document
    assert {one["action"] for one in document["history"]} >= {"scale", "quarantine"}
    assert "roll_back" not in {one["action"] for one in document["history"]}


def test_a_plan_covers_rules_and_playbooks(keepwell: Keepwell, looped: Path) -> None:
    document = keepwell("loop", "plan", "-C", looped, "--json").document
    rules = {one["rule"] for one in document["plans"]}
    assert {"bad-deployment", "overload", ""} <= rules
    by_hand = {one["playbook"] for one in document["plans"] if not one["rule"]}
    assert {"retrain", "scale", "ask"} <= by_hand


def test_people_speak(keepwell: Keepwell, looped: Path) -> None:
    said = keepwell("loop", "approve", "broken", "-C", looped)
    assert said.code == 0, said.err
    assert "approved" in said.out
    assert "keepwell up carries it out" in said.err
    again = keepwell("loop", "refuse", "broken", "-C", looped)
    assert again.code == 1
    assert "waits for nobody's word" in again.err
    undone = keepwell("loop", "undo", "busy", "--why", "over", "-C", looped)
    assert "is to be undone" in undone.out


def test_a_playbook_by_hand_needs_somebody_who_looks(keepwell: Keepwell, looped: Path) -> None:
    said = keepwell("loop", "run", "scale", "--option", "workers=4", "-C", looped)
    assert said.code == 1
    assert "keepwell up" in said.err
    wrong = keepwell("loop", "run", "scale", "--option", "workers", "-C", looped)
    assert wrong.code == 2
