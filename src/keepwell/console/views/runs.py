"""What was executed: the list, one run, and runs side by side."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keepwell.console.views import health
from keepwell.console.views.plots import FOLDER, plots_of
from keepwell.core.errors import KeepwellError, NotFoundError, UsageError
from keepwell.core.ports import Point
from keepwell.core.records import Artifact, Estimate, Run

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

PAGE = 100
FEWEST_COMPARED, MOST_COMPARED = 2, 6
PREVIEW_BYTES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A run in a list; `target` is what the project's gate asks of its metric at least."""

    run: Run
    health: health.Health
    seconds: float | None
    metric: str
    result: Estimate | None
    target: float | None = None

    @property
    def reached(self) -> bool:
        """Whether the result is on the good side of the target; without either, nothing is amiss."""
        from keepwell.tracking.metrics import direction

        if self.result is None or self.target is None:
            return True
        return direction(self.metric) * (self.result.value - self.target) >= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A candidate on a run's leaderboard, `kept` if it became the model."""

    title: str
    params: Mapping[str, Any]
    result: Estimate | None
    seconds: float
    note: str
    kept: bool


def runs(workspace: "Workspace", kind: str = "") -> dict[str, Any]:
    """Return the context of `runs.html`."""
    found = workspace.runs.find()
    shown = [run for run in found if not kind or run.kind == kind]
    now = workspace.clock.now()
    chosen_by = _metrics(workspace)
    return {
        "rows": [_row(run, now, chosen_by, workspace.spec.gate.min) for run in shown[:PAGE]],
        "hidden": max(0, len(shown) - PAGE),
        "kinds": sorted({run.kind for run in found}),
        "kind": kind,
    }


def run(workspace: "Workspace", identifier: str) -> dict[str, Any]:
    """Return the context of `run.html`."""
    found = workspace.runs.get(identifier)
    places = leaderboard(workspace, found)
    environment = _document(workspace, found.environment) or {}
    curves = {
        name: points
        for name, points in workspace.runs.curves(identifier).items()
        if len(points) > 1
    }
    return {
        "run": found,
        "row": _row(found, workspace.clock.now(), {}, workspace.spec.gate.min),
        "places": places,
        "findings": _artifact(workspace, found, "findings.json") or [],
        "plots": plots_of(workspace, found),
        "curves": sorted(curves),
        "environment": environment,
        "packages": environment.get("packages", {}),
        "diff": _diff(workspace, found),
        "others": [item for item in found.artifacts if not item.name.startswith(FOLDER)],
    }


def comparison(workspace: "Workspace", identifiers: Sequence[str]) -> dict[str, Any]:
    """Return the context of `comparison.html`."""
    from keepwell.tracking.comparison import compare

    wanted = list(dict.fromkeys(identifiers))
    if not FEWEST_COMPARED <= len(wanted) <= MOST_COMPARED:
        raise UsageError(
            f"{len(wanted)} runs cannot be compared on one page",
            why=f"choose {FEWEST_COMPARED} to {MOST_COMPARED}",
            now="go back to the list of runs and tick them",
        )
    chosen = [workspace.runs.get(item) for item in wanted]
    return {"runs": chosen, "comparison": compare(chosen)}


def leaderboard(workspace: "Workspace", run: Run) -> list[Place]:
    """Return the candidates of a run, best first; none if it left no leaderboard."""
    listed = _artifact(workspace, run, "leaderboard.json") or []
    return [
        Place(
            title=item.get("name") or item.get("learner") or "candidate",
            params=item.get("params") or {},
            result=_estimate(item),
            seconds=item.get("seconds") or 0.0,
            note=item.get("note") or "",
            kept=at == 0 and run.status == "done",
        )
        for at, item in enumerate(listed)
    ]


def _estimate(item: Mapping[str, Any]) -> Estimate | None:
    mean = item.get("mean")
    return (
        None if mean is None else Estimate(value=mean, low=item.get("low"), high=item.get("high"))
    )


def artifact(workspace: "Workspace", identifier: str, name: str) -> tuple[bytes, str]:
    """Return an artifact's bytes and the media type to hand them out with: only JSON as what it is."""
    found = _find(workspace.runs.get(identifier), name)
    known = (
        found.media_type if found.media_type == "application/json" else "application/octet-stream"
    )
    return workspace.runs.read(identifier, name), known


def figure(workspace: "Workspace", identifier: str, name: str) -> bytes:
    """Return a figure that a run left, as Plotly's JSON."""
    return workspace.runs.read(identifier, f"{FOLDER}{name}")


def curve(workspace: "Workspace", identifier: str, name: str) -> dict[str, Any]:
    """Return what was logged under a name, as a figure over steps."""
    points: Sequence[Point] = workspace.runs.curves(identifier, [name]).get(name, [])
    latest = {point.step: point for point in points}
    if len(latest) > 1:  # a run that was resumed repeats some steps: the last time counts
        points = [latest[step] for step in sorted(latest)]
    steps = [point.step for point in points]
    across = steps if len(set(steps)) == len(steps) else list(range(len(points)))
    trace = {"x": across, "y": [point.value for point in points], "mode": "lines", "name": name}
    return {
        "data": [{**trace, "line": {"color": "role:accent", "width": 2}}],
        "layout": {"xaxis": {"title": "step"}, "showlegend": False},
    }


def _row(run: Run, now: float, chosen_by: Mapping[str, str], targets: Mapping[str, float]) -> Row:
    usual = next((name for name in chosen_by.values() if name in run.metrics), "")
    metric = chosen_by.get(run.id) or usual or next(iter(run.metrics), "")
    ended = run.ended or (now if run.status == "running" else None)
    return Row(
        run=run,
        health=health.of_run(run.status),
        seconds=ended - run.started if ended else None,
        metric=metric,
        result=run.metrics.get(metric),
        target=targets.get(metric),
    )


def _metrics(workspace: "Workspace") -> dict[str, str]:
    """Return what each run's model was chosen by, by run."""
    registry = workspace.registry
    versions = (item for name in registry.models() for item in registry.versions(name))
    return {item.run: item.metric for item in versions}


def _find(run: Run, name: str) -> Artifact:
    for item in run.artifacts:
        if item.name == name:
            return item
    raise NotFoundError(f"run {run.id} has no artifact '{name}'", now=f"see /runs/{run.id}")


def _artifact(workspace: "Workspace", run: Run, name: str) -> Any:
    """Return a JSON artifact, None where it is absent or does not read: the page shows what there is."""
    digest = next((item.digest for item in run.artifacts if item.name == name), "")
    return _document(workspace, digest)


def _document(workspace: "Workspace", digest: str) -> Any:
    if not digest:
        return None
    try:
        return json.loads(workspace.blobs.read(digest))
    except (KeepwellError, ValueError):
        return None


def _diff(workspace: "Workspace", run: Run) -> str:
    if not run.code.diff:
        return ""
    try:
        return workspace.blobs.read(run.code.diff)[:PREVIEW_BYTES].decode(errors="replace")
    except KeepwellError:
        return ""
