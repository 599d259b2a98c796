"""Every page of the console, by what it shows; names in braces come from the history."""

from console_customers import NAME
from console_world import Told
from traced_world import trace_id

PAGES = {
    "home": "/",
    "endpoint": f"/endpoints/{NAME}",
    "standing": f"/endpoints/{NAME}/standing",
    "rollouts": f"/endpoints/{NAME}/rollouts",
    "predictions": f"/endpoints/{NAME}/predictions",
    "predictions of a version": f"/endpoints/{NAME}/predictions?version=2",
    "predictions that match": f"/endpoints/{NAME}/predictions?where=tenure%3E3&since=3h+ago",
    "prediction": "/predictions/{prediction}",
    "traces": "/traces",
    "traces that match": "/traces?app=helpdesk&where=ms%3E600%3B+score%3Ahelpful%3C0.9&page=1",
    "trace": f"/traces/{trace_id(2)}",
    "trace of a failure": f"/traces/{trace_id(3)}",
    "all rollouts": "/rollouts",
    "runs": "/runs",
    "runs of a kind": "/runs?kind=retrain",
    "run": "/runs/{run}",
    "comparison": "/runs/compare?run={run}&run={other}",
    "models": "/models",
    "model": f"/models/{NAME}",
    "version": f"/models/{NAME}/2",
    "versions side by side": f"/models/{NAME}/compare?first=1&second=2",
    "datasets": "/datasets",
    "dataset": f"/datasets/{NAME}/2",
    "difference": f"/datasets/{NAME}/2/difference",
    "alerts": "/alerts",
    "loop": "/loop",
    "figures": "/incidents/figures",
    "incidents": "/incidents",
    "healed incident": "/incidents/{incident}",
    "open incident": "/incidents/{open}",
    "machines": f"/machines?endpoint={NAME}&span=24h",
    "costs": "/costs",
    "audit": "/audit",
    "audit of a subject": "/audit?subject=incident:{incident}",
    "reference": "/docs",
}


def address(page: str, told: Told) -> str:
    """Return the address of a page."""
    opened = told.workspace.incidents.open(NAME)
    return PAGES[page].format(
        prediction=told.predictions[0],
        run=told.run.id,
        other=told.second.run,
        incident=told.incident.id,
        open=opened.id if opened else "",
    )
