"""`keepwell status`: the project at a glance."""

from typing import TYPE_CHECKING, Any

from keepwell.cli.options import (
    HERE,
    AsJson,
    ProjectFolder,
    command_app,
    examples,
    open_workspace,
)
from keepwell.cli.output import Output, ago

if TYPE_CHECKING:
    from keepwell.core.records import Rollout
    from keepwell.workspace import Workspace

app = command_app()


@app.command(epilog=examples("keepwell status", "keepwell status -C churn --json"))
def status(project: ProjectFolder = HERE, as_json: AsJson = False) -> None:
    """Show the project at a glance: data, champion, traffic, alerts that go on, open incidents."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        document = gather(workspace)
    out.answer(document, lambda: _tell(out, document))


def gather(workspace: "Workspace") -> dict[str, Any]:
    """Return what there is to know about a project, JSON-ready."""
    from keepwell.cli.commands.machines import host_line
    from keepwell.infrastructure.codec import to_plain
    from keepwell.operations.leadership import Place, leader_of
    from keepwell.operations.outbound import read_states
    from keepwell.operations.serving.capacity import present
    from keepwell.operations.serving.presence import address_of

    spec = workspace.spec
    address = address_of(workspace.home)
    here = Place.here(workspace.home)
    leader = leader_of(workspace.metadata.leases, here, workspace.clock.now())
    endpoint = workspace.endpoints.get(spec.endpoint)
    versions = workspace.registry.versions(spec.name)
    runs = workspace.runs.find(spec.name, limit=1)
    opened = [item for item in workspace.incidents.find() if item.status != "closed"]
    datasets = workspace.datasets.versions(spec.dataset)
    rollout = workspace.rollouts.running(spec.endpoint)
    exports = read_states(workspace.home, spec.monitor.export)
    newest = max(datasets, key=lambda item: item.version) if datasets else None
    return {
        "project": spec.name,
        "folder": str(workspace.root),
        "served": None if address is None else address.url,
        "workers": None
        if address is None
        else to_plain(present(workspace.scaling.read(), workspace.home)),
        "leader": None
        if leader is None
        else {**to_plain(leader), "late": leader.late, "line": str(leader)},
        "host": host_line(workspace),
        "budget": None if (budget := workspace.ledger.budget()) is None else budget.message,
        "dataset": newest and {"name": newest.name, "version": newest.version, "rows": newest.rows},
        "endpoint": {
            "name": spec.endpoint,
            "champion": endpoint.champion if endpoint else None,
            "challenger": endpoint.challenger if endpoint else None,
            "routes": [
                {"version": route.version, "weight": route.weight, "role": route.role}
                for route in (endpoint.routes if endpoint else ())
            ],
        },
        "rollout": None if rollout is None else _rollout(workspace, rollout),
        "versions": len(versions),
        "last_run": runs[0].id if runs else None,
        "last_run_status": runs[0].status if runs else None,
        "last_run_started": runs[0].started if runs else None,
        "advice": _advice(workspace, spec.endpoint),
        "incidents": [
            {"id": item.id, "status": item.status, "title": item.title} for item in opened
        ],
        "alerts": [
            {
                "id": alert.id,
                "title": alert.title,
                "severity": alert.severity,
                "endpoint": alert.endpoint,
                "incident": alert.incident,
                "opened": alert.opened,
                "acknowledged": alert.acknowledged is not None,
                "silenced": bool(alert.silenced),
            }
            for alert in workspace.alerts.firing()
        ],
        "exports": [to_plain(one) for one in exports],
    }


def _advice(workspace: "Workspace", endpoint: str) -> dict[str, str] | None:
    """Return whether to retrain now or to wait, and why; None if nobody has looked."""
    from keepwell.operations.standing import standing_of

    standing = standing_of(workspace.measurements, endpoint)
    if standing is None or not standing.advice.verdict:
        return None
    return {"verdict": standing.advice.verdict, "reason": standing.advice.reason}


def _rollout(workspace: "Workspace", found: "Rollout") -> dict[str, Any]:
    """Return where a rollout is: its strategy, its step, who has which share, what it waits for."""
    step, awaits = found.history[-1], workspace.desk.awaits(found)
    steps = list(found.steps)
    return {
        "id": found.id,
        "strategy": found.strategy,
        "versions": list(found.arms),
        "percent": step.percent,
        "shares": dict(step.shares),
        "step": steps.index(step.percent) + 1 if step.percent in steps else None,
        "steps": steps,
        "awaits": None if awaits is None else {"what": awaits.what, "then": awaits.then},
    }


def _trial(found: dict[str, Any] | None) -> dict[str, Any]:
    """Return the lines about a rollout."""
    if found is None:
        return {}
    against = " against ".join(f"version {one}" for one in reversed(found["versions"]))
    if found["shares"]:
        share = ", ".join(f"version {one} {part:.3g}%" for one, part in found["shares"].items())
    elif found["strategy"] == "shadow":
        share = "no traffic, compared off the path"
    else:
        share = f"{found['percent']:g}% of the traffic"
        if found["step"] is not None and len(found["steps"]) > 1:
            share += f", step {found['step']} of {len(found['steps'])}"
    awaits = found["awaits"] or {}
    return {
        "rollout": f"{found['strategy']} of {against}: {share}",
        "waits for": awaits.get("what"),
        "then": awaits.get("then"),
    }


def _tell(out: Output, document: dict[str, Any]) -> None:
    dataset, endpoint = document["dataset"], document["endpoint"]
    out.say(f"{document['project']}  {document['folder']}", style="bold")
    champion = endpoint["champion"]
    last, advice = document["last_run"], document["advice"]
    out.facts(
        {
            "data": f"{dataset['name']}/{dataset['version']}, {dataset['rows']:,} rows"
            if dataset
            else "none yet",
            "last run": f"{document['last_run_status']}, started {ago(document['last_run_started'])}"
            if last
            else "none yet",
            "versions": document["versions"],
            "champion": "none yet" if champion is None else champion,
            "challenger": endpoint["challenger"],
            **_trial(document["rollout"]),
            "model": None if advice is None else f"{advice['verdict']}: {advice['reason']}",
            "served": document["served"] or "no",
            "workers": _workers(document["workers"]),
            "leads": None if document["leader"] is None else document["leader"]["line"],
            "host": document["host"],
            "budget": document["budget"],
        }
    )
    for export in document["exports"]:
        if export["failing"] is not None:
            since = ago(export["failing"])
            out.say(
                f"! {export['receiver']} takes nothing, since {since}: {export['error']}",
                style="red",
            )
    opened = {incident["id"] for incident in document["incidents"]}
    for alert in document["alerts"]:
        if alert["incident"] in opened:  # told below
            continue
        state = "silenced" if alert["silenced"] else "looked after" if alert["acknowledged"] else ""
        told = ", ".join(
            part for part in (alert["severity"], f"since {ago(alert['opened'])}", state) if part
        )
        style = "red" if alert["severity"] == "critical" else "yellow"
        out.say(f"! alert: {alert['title']} ({told})", style=style)
    for incident in document["incidents"]:
        out.say(f"! {incident['title']} ({incident['status']})", style="red")
    out.say(f"next  {_next(document)}", style="cyan")


def _workers(workers: dict[str, Any] | None) -> str | None:
    """Return how many answer; None if nobody is up."""
    if workers is None:
        return None
    counts = {"": workers["workers"], **workers["pools"]}
    return ", ".join(
        f"{count['answering']}"
        + (f" of {count['wanted']}" if count["answering"] != count["wanted"] else "")
        + (f" for {name} alone" if name else "")
        for name, count in counts.items()
    )


def _next(document: dict[str, Any]) -> str:
    if document["endpoint"]["champion"] is None:
        return "keepwell run"
    if document["incidents"]:
        return "keepwell incidents show latest"
    if any(not (one["acknowledged"] or one["silenced"]) for one in document["alerts"]):
        return "keepwell alerts"
    if document["rollout"] is not None and document["served"]:
        return "keepwell rollout status"
    return "keepwell monitor" if document["served"] else "keepwell up"
