"""Verdicts as a table for people, and as a document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from keepwell.testing.scenarios.running import score
from keepwell.testing.scenarios.scenario import Verdict

_HEAD = ("scenario", "diagnosed", "acted", "first cause", "done")


def table_of(verdicts: Sequence[Verdict]) -> str:
    """Return a table in Markdown: found beside expected where they differ, with the score below."""
    lines = [_line(_HEAD), _line("---" for _ in _HEAD), *(_line(_cells(one)) for one in verdicts)]
    return "\n".join([*lines, "", f"{score(verdicts)}."])


def document_of(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Return the same as JSON-ready data."""
    return {"score": score(verdicts), "verdicts": [asdict(one) for one in verdicts]}


def line_of(verdict: Verdict) -> str:
    """Return one verdict as lines of text: what was found, and what is not as expected."""
    if verdict.skipped:
        return f"  -   {verdict.scenario}: not played, {verdict.skipped}"
    mark = "ok" if verdict.passed else "NO"
    lines = [f" {mark:>2}   {verdict.scenario} ({verdict.seconds:.1f} s): {_done(verdict)}"]
    lines += [f"        {one}" for one in verdict.details["wrong"]]
    return "\n".join(lines)


def _cells(verdict: Verdict) -> Sequence[str]:
    name = f"`{verdict.scenario}`"
    if verdict.skipped:
        return name, "-", "-", "", verdict.skipped
    cause = str(verdict.details["cause"]).partition(" (")[0]
    return name, _word(verdict.diagnosed), _word(verdict.acted), cause, _done(verdict)


def _done(verdict: Verdict) -> str:
    """Return what was done in the words of the record, each once where it follows itself."""
    done: list[str] = []
    for one in verdict.details["actions"]:
        if not done or done[-1] != one:
            done.append(one)
    return ", ".join(done) or "nothing"


def _word(right: bool) -> str:
    return "yes" if right else "**no**"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
