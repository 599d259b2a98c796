"""The seven steps from a table to a watched model, ticked by what really happened."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from keepwell.console.rendering import segment
from keepwell.console.wording import label, plural, score
from keepwell.core.records import DatasetVersion, ModelVersion, Run
from keepwell.core.references import Ref
from keepwell.infrastructure.codec import from_plain

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

T = TypeVar("T")
FIRST_RUN_EVENTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: `state` is `done`, `next` (the first that is not) or `later`."""

    title: str
    note: str
    url: str = ""
    time: float | None = None
    state: str = "later"


def checklist(workspace: "Workspace") -> list[Step]:
    """Return the seven steps; what is not done says the command that does it."""
    version = _first(workspace, "model_version", ModelVersion)
    run = _first_run(workspace)
    steps = [_data(workspace), _features(version), _model(version, run), _evaluation(version)]
    steps += [_tracking(run), _deployment(workspace), _monitoring(workspace)]
    ahead = next((at for at, step in enumerate(steps) if step.state != "done"), None)
    if ahead is not None:
        steps[ahead] = replace(steps[ahead], state="next")
    return steps


def _done(title: str, note: str, url: str, time: float | None) -> Step:
    return Step(title=title, note=note, url=url, time=time, state="done")


def _first(workspace: "Workspace", kind: str, cls: type[T]) -> T | None:
    """Return what the first event of a kind recorded, however long the record has become."""
    events = workspace.metadata.events(kind=kind, limit=1)
    return from_plain(cls, events[0].data) if events and events[0].data is not None else None


def _first_run(workspace: "Workspace") -> Run | None:
    """Return the first run that came to a good end, None if it is not among the first events."""
    for event in workspace.metadata.events(kind="run", limit=FIRST_RUN_EVENTS):
        if event.data is not None and event.data.get("status") == "done":
            return from_plain(Run, event.data)
    return None


def _data(workspace: "Workspace") -> Step:
    title = "Bring a small dataset"
    first = _first(workspace, "dataset_version", DatasetVersion)
    if first is None:
        return Step(title=title, note="keepwell run reads the file that keepwell.yaml names")
    note = (
        f"{plural(first.rows, 'row')}, {plural(len(first.columns), 'column')} from {first.source}"
    )
    return _done(title, note, f"/datasets/{segment(first.name)}/{first.version}", first.created)


def _features(version: ModelVersion | None) -> Step:
    title = "Turn its columns into features"
    if version is None:
        return Step(title=title, note="types are inferred, ids and leaks are left out")
    note = (
        f"{plural(len(version.signature.inputs), 'input')} to predict {version.signature.subject}"
    )
    return _done(title, note, _version_url(version), version.created)


def _model(version: ModelVersion | None, run: Run | None) -> Step:
    title = "Train a basic model"
    if version is None:
        return Step(title=title, note="several learners compete, the best is kept")
    seconds = f" in {run.ended - run.started:.0f} s" if run and run.ended else ""
    return _done(
        title, f"{version.learner or 'a model'}{seconds}", _version_url(version), version.created
    )


def _evaluation(version: ModelVersion | None) -> Step:
    title = "Evaluate it on rows it never saw"
    if version is None or version.metric not in version.metrics:
        return Step(title=title, note="with an interval, so that luck shows")
    note = f"{label(version.metric)} {score(version.metrics[version.metric].value)}"
    return _done(title, note, _version_url(version), version.created)


def _tracking(run: Run | None) -> Step:
    title = "Keep track of what was done"
    if run is None:
        return Step(title=title, note="code, data, parameters and environment of every run")
    note = "data, parameters, environment" + (
        f", code at {run.code.commit[:7]}" if run.code.commit else ""
    )
    return _done(title, note, f"/runs/{segment(run.id)}", run.ended)


def _deployment(workspace: "Workspace") -> Step:
    title = "Put it behind an endpoint"
    for endpoint in workspace.endpoints.find():
        if endpoint.champion is not None:
            url = f"/endpoints/{segment(endpoint.name)}"
            made = workspace.metadata.events(ref=Ref("endpoint", endpoint.name), limit=1)
            note = f"version {endpoint.champion} answers at {url}/predict"
            return _done(title, note, url, made[0].time if made else None)
    return Step(title=title, note="keepwell up serves the version that passed its gate")


def _monitoring(workspace: "Workspace") -> Step:
    title = "Watch it live"
    for endpoint in workspace.endpoints.find():
        measured = workspace.measurements.series(f"endpoint:{endpoint.name}", ["rows"], limit=1)
        if measured.get("rows"):
            url = f"/endpoints/{segment(endpoint.name)}"
            return _done(title, "drift, quality and errors, every few seconds", url, None)
    return Step(
        title=title, note="send predictions and outcomes; keepwell up looks every few seconds"
    )


def _version_url(version: ModelVersion) -> str:
    return f"/models/{segment(version.model)}/{version.version}"
