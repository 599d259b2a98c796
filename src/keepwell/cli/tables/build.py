"""What a build says when it is over; free of Typer, because a run that did nothing answers at once."""

from typing import Any

from keepwell.cli.output import Output, text

SHOWN = (
    "accuracy", "roc_auc", "average_precision", "f1", "precision", "recall", "log_loss",
    "rmse", "mae", "r2", "mse",
)  # fmt: skip
"""The metrics that are told first; the rest is a command away."""


def answer_run(out: Output, document: dict[str, Any]) -> int:
    """Print the result and return the exit code: 1 if the gate stayed closed."""
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
        metrics = run["metrics"]
        rows = [[name, metrics[name]] for name in SHOWN if name in metrics] or list(metrics.items())
        out.table(["metric", "on the test rows"], rows)
    for finding in document.get("findings", ()):
        out.say(f"note     {finding}", style="yellow")
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
        out.say("         keepwell models report    how good it is, where it fails", style="cyan")
    elif serving:
        out.say(f"serving  {serving}")
