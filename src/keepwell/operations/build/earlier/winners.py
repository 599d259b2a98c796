"""Settings that won in earlier runs of a project: the next search begins with them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from keepwell.core.errors import KeepwellError
from keepwell.core.records import Run
from keepwell.operations.build.bench import Bench

if TYPE_CHECKING:
    from keepwell.training.learners import Candidate

LEADERBOARD = "leaderboard.json"
_RUNS = 5  # that winners are taken from
_WINNERS = 2  # of each run
_MOST = 4
_SEARCHED = ("tpe", "random", "grid", "earlier")
_PREPARATION = "preparation."


def winners(bench: Bench) -> tuple[Candidate, ...]:
    """Return the settings that a search found best in earlier runs of the project, the newest first."""
    from keepwell.training.learners import Candidate

    found: list[Candidate] = []
    for run in bench.runs.find(bench.spec.name, status="done", limit=_RUNS):
        rows = [row for row in _rows(bench, run) if row.get("source") in _SEARCHED]
        for row in [row for row in rows if row.get("scores")][:_WINNERS]:
            given = row["params"]
            params = {key: given[key] for key in given if not key.startswith(_PREPARATION)}
            prepared = {
                key.removeprefix(_PREPARATION): given[key]
                for key in given
                if key.startswith(_PREPARATION)
            }
            known = [(one.learner, one.params, one.preparation) for one in found]
            if (row["learner"], params, prepared) in known:
                continue
            found.append(
                Candidate(
                    name=f"{row['learner']}/earlier-{len(found) + 1}",
                    learner=row["learner"],
                    params=params,
                    preparation=prepared,
                    source="earlier",
                )
            )
    return tuple(found[:_MOST])


def _rows(bench: Bench, run: Run) -> list[dict[str, Any]]:
    try:
        rows = json.loads(bench.runs.read(run.id, LEADERBOARD))
    except (KeepwellError, ValueError):  # it is gone: nothing is learnt from that run
        return []
    return rows if isinstance(rows, list) else []
