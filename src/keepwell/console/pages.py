"""Which address shows what."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from keepwell.console.pulse import Pulse
from keepwell.console.rendering import render, segment
from keepwell.console.views import (
    audit,
    datasets,
    endpoints,
    figures,
    home,
    incidents,
    models,
    predictions,
    rollouts,
    runs,
    standing,
)
from keepwell.console.views.alerting import alerts, loop, progress
from keepwell.console.views.machinery import costs, machines
from keepwell.console.views.reference import reference
from keepwell.console.views.searching import download, search
from keepwell.console.views.tracing import overview, waterfall

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

Answer = Callable[[Request], Response]
Context = Mapping[str, Any]
View = Callable[..., Context]


@dataclass(frozen=True, slots=True)
class Page:
    """An address and what answers it."""

    path: str
    answer: Answer


def workspace_of(request: Request) -> "Workspace":
    """Return the workspace that a request is about."""
    workspace: Workspace = request.app.state.workspace
    return workspace


def frame(request: Request) -> dict[str, Any]:
    """Return what every page shows around its content."""
    workspace = workspace_of(request)
    return {
        "project": workspace.spec.name,
        "troubles": sum(item.status != "closed" for item in home.recent_incidents(workspace)),
    }


def _page(path: str, template: str, view: View, *asked: str) -> Page:
    """Return a page: `view` gets what its address names, and of its query what is `asked`."""

    def answer(request: Request) -> Response:
        return render(request, template, {**frame(request), **_look(view, request, asked)})

    return Page(path, answer)


def _glance(path: str, template: str, view: View, *asked: str) -> Page:
    """Return a page that also tells how much is asked right now."""

    def answer(request: Request) -> Response:
        pulse: Pulse = request.app.state.pulse
        return render(
            request,
            template,
            {**frame(request), **_look(partial(view, pulse=pulse), request, asked)},
        )

    return Page(path, answer)


def _search(path: str, template: str, view: View) -> Page:
    """Return a page whose view reads the whole query of its address by itself."""

    def answer(request: Request) -> Response:
        named = request.path_params.values()
        context = view(workspace_of(request), *named, query=request.query_params)
        return render(request, template, {**frame(request), **context})

    return Page(path, answer)


def _figure(path: str, view: View) -> Page:
    """Return a chart's description."""

    def answer(request: Request) -> Response:
        return JSONResponse(_look(view, request), headers=_FRESH)

    return Page(path, answer)


def _look(view: View, request: Request, asked: Sequence[str] = ()) -> Context:
    query = {name: request.query_params.get(name, "") for name in asked}
    return view(workspace_of(request), *request.path_params.values(), **query)


def _comparison(request: Request) -> Response:
    context = runs.comparison(workspace_of(request), request.query_params.getlist("run"))
    return render(request, "comparison.html", {**frame(request), **context})


def _newest_dataset(request: Request) -> Response:
    name = request.path_params["name"]
    version = workspace_of(request).datasets.get(name).version
    return RedirectResponse(f"/datasets/{segment(name)}/{version}", headers=_FRESH)


def _plot(request: Request) -> Response:
    asked = request.path_params
    body = runs.figure(workspace_of(request), asked["run"], asked["plot"])
    return Response(body, media_type="application/json")


def _file(request: Request) -> Response:
    asked = request.path_params
    body, media_type = runs.artifact(workspace_of(request), asked["run"], asked["file"])
    return Response(body, media_type=media_type, headers=_DOWNLOAD)


def _report(request: Request) -> Response:
    """Hand the report out as a file: its own script would not run under this page's rules."""
    name, number = request.path_params["model"], request.path_params["version"]
    body = models.report(workspace_of(request), name, number)
    named = f'attachment; filename="{segment(name)}-v{segment(number)}.html"'
    return Response(
        body, media_type="text/html; charset=utf-8", headers={"content-disposition": named}
    )


def _found_rows(request: Request) -> Response:
    """Hand out the rows that a search finds, as CSV or as lines of JSON."""
    asked = request.path_params
    body, kind = download.rows(
        workspace_of(request), asked["name"], asked["form"], query=request.query_params
    )
    named = f'attachment; filename="{segment(asked["name"])}-predictions.{segment(asked["form"])}"'
    return Response(body, media_type=kind, headers={"content-disposition": named})


def _post_mortem(request: Request) -> Response:
    workspace = workspace_of(request)
    story = workspace.story(workspace.incidents.read(request.path_params["incident"]))
    return Response(story, media_type="text/markdown; charset=utf-8", headers=_FRESH)


def _reference(request: Request) -> Response:
    context = reference(request.app.state.describe())
    return render(request, "reference.html", {**frame(request), **context})


_FRESH = {"cache-control": "no-cache"}
_DOWNLOAD = {"content-disposition": "attachment"}

PAGES = (
    _glance("/", "home.html", home.home),
    _glance("/endpoints/{name}", "endpoint.html", endpoints.endpoint, "columns"),
    _page("/endpoints/{name}/latest", "_predictions.html", endpoints.latest),
    _search("/endpoints/{name}/predictions", "predictions.html", search.predictions),
    Page("/endpoints/{name}/predictions.{form}", _found_rows),
    _page("/endpoints/{name}/rollouts", "rollouts.html", rollouts.rollouts, "rollout"),
    _figure("/endpoints/{name}/shares.json", rollouts.shares),
    _figure("/endpoints/{name}/quality.json", figures.quality),
    _figure("/endpoints/{name}/latency.json", figures.latency),
    _figure("/endpoints/{name}/traffic.json", figures.traffic),
    _page("/endpoints/{name}/standing", "standing.html", standing.standing),
    _figure("/endpoints/{name}/standing/estimates.json", standing.estimates),
    _figure("/endpoints/{name}/standing/budgets.json", standing.budgets),
    _figure("/endpoints/{name}/standing/kpis/{kpi}", standing.kpi),
    _figure("/endpoints/{name}/standing/groups/{column:path}", standing.groups),
    _page("/predictions/{id}", "prediction.html", predictions.prediction),
    _page("/predictions/{id}/why", "_why.html", predictions.why),
    _page("/rollouts", "trials.html", rollouts.overview),
    _page("/runs", "runs.html", runs.runs, "kind"),
    Page("/runs/compare", _comparison),
    _page("/runs/{run}", "run.html", runs.run),
    Page("/runs/{run}/plots/{plot}", _plot),
    _figure("/runs/{run}/curves/{curve:path}", runs.curve),
    Page("/runs/{run}/files/{file:path}", _file),
    _page("/models", "models.html", models.models),
    _page("/models/{model}", "model.html", models.model),
    _page("/models/{model}/compare", "versions.html", models.comparison, "first", "second"),
    Page("/models/{model}/{version}/report.html", _report),
    _page("/models/{model}/{version}", "version.html", models.version),
    _page("/datasets", "datasets.html", datasets.datasets),
    Page("/datasets/{name}", _newest_dataset),
    _page("/datasets/{name}/{version}", "dataset.html", datasets.dataset),
    _page("/datasets/{name}/{version}/difference", "difference.html", datasets.difference),
    _page("/incidents", "incidents.html", incidents.incidents),
    _page("/incidents/figures", "progress.html", progress.progress, "days"),
    _page("/incidents/{incident}", "incident.html", incidents.incident),
    _page("/alerts", "alerts.html", alerts.alerts),
    _page("/loop", "loop.html", loop.loop),
    Page("/incidents/{incident}/post-mortem.md", _post_mortem),
    _page("/machines", "machines.html", machines.machines, "endpoint", "span"),
    _page("/costs", "costs.html", costs.costs),
    _search("/traces", "traces.html", overview.traces),
    _page("/traces/{trace}", "trace.html", waterfall.trace),
    _page("/audit", "audit.html", audit.audit, "kind", "subject"),
    Page("/docs", _reference),
)
"""Every page, in the order in which addresses are tried."""
