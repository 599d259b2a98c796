"""`keepwell run`: build what is stale."""

from typing import Any

from keepwell.cli.options import (
    HERE,
    AsJson,
    ProjectFolder,
    command_app,
    examples,
    open_workspace,
    project_root,
)
from keepwell.cli.output import Output, text
from keepwell.operations.build.shortcut import unchanged

app = command_app()


@app.command(
    epilog=examples("keepwell run", "keepwell run -C churn --json > result.json"),
)
def run(project: ProjectFolder = HERE, as_json: AsJson = False) -> int:
    """Build what is stale: ingest, train, register, gate, promote.

    A step whose inputs have not changed is not run again; each that runs says why. A run that was
    stopped goes on where it was. The exit code is 1 if a step failed or the gate stayed closed.
    """
    out = Output(as_json=as_json)
    document = unchanged(project_root(project))
    if document is None:
        from keepwell.cli.progress import watch_build

        with open_workspace(project) as workspace, watch_build(quiet=as_json) as listener:
            document = workspace.builder.run(listener).as_dict()
    elif not as_json:
        out.note("nothing changed since the last run")
    out.answer(document, lambda: _tell(out, document))
    gate = document.get("gate")
    return 0 if gate is None or gate["passed"] else 1


def _tell(out: Output, document: dict[str, Any]) -> None:
    dataset, model, run = (document.get(part) for part in ("dataset", "model", "run"))
    if dataset:
        size = f"{dataset['rows']:,} rows, {dataset['columns']:,} columns"
        out.say(f"dataset  {dataset['name']}/{dataset['version']}  {size}")
    if model:
        aliases = f"  ({', '.join(model['aliases'])})" if model["aliases"] else ""
        out.say(f"model    {model['name']}/{model['version']}{aliases}", style="bold")
    if run:
        out.say(f"run      {run['id']}")
        out.table(["metric", "on the test rows"], list(run["metrics"].items()))
    for finding in document.get("findings", ()):
        out.say(f"! {finding}", style="yellow")
    _tell_gate(out, document)


def _tell_gate(out: Output, document: dict[str, Any]) -> None:
    gate, model = document.get("gate"), document.get("model")
    if gate is None or model is None:
        return
    passed = gate["passed"]
    out.say(f"gate     {'passed' if passed else 'closed'}", style="green" if passed else "red")
    for check in gate["checks"]:
        sign = "✓" if check["passed"] else "✗"
        detail = check.get("detail") or f"{text(check['value'])}, limit {text(check['limit'])}"
        out.say(f"  {sign} {check['name']}: {detail}")
    serving = document.get("serving", "")
    if serving == "champion":
        out.say("next     keepwell up    serve it, watch it, heal it", style="cyan")
    elif serving:
        out.say(f"serving  {serving}")
