"""Rollouts as tables: steps, versions side by side, both versions on the same rows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keepwell.cli.output import Output, ago

if TYPE_CHECKING:
    from keepwell.core.records import Rollout


def brief_lines(found: "Sequence[Rollout]") -> list[list[Any]]:
    """Return a line a rollout."""
    return [
        [
            item.id,
            item.endpoint,
            item.strategy,
            " → ".join(f"v{version}" for version in item.arms),
            item.status,
            ago(item.started),
            item.notes or item.reason,
        ]
        for item in found
    ]


def tell_rollout(out: Output, document: dict[str, Any]) -> None:
    """Print a rollout as `Desk.describe` gives it."""
    versions = " against ".join(f"version {one}" for one in reversed(document["versions"]))
    out.say(f"{document['strategy']} of {versions} at {document['endpoint']}", style="bold")
    out.facts(
        {
            "rollout": document["id"],
            "status": document["status"].replace("_", " "),
            "started": ago(document["started"]),
            "why": document["reason"] or None,
            "watch": document["notes"] or _watch(document),
            **_awaits(document["awaits"]),
        }
    )
    _steps(out, document)
    if document.get("arms"):
        _arms(out, document)
    if document.get("paired", {}).get("rows"):
        _paired(out, document["paired"])
    elif document.get("paired", {}).get("note"):
        out.say(f"note  {document['paired']['note']}")
    if document.get("ratio"):
        ratio = document["ratio"]
        state = "MISMATCH" if ratio["mismatch"] else "as intended"
        out.say(f"shares  {state}: {ratio['detail']}")
    hint = _hint(document)
    if hint:
        out.say(f"next  {hint}", style="cyan")


def _steps(out: Output, document: dict[str, Any]) -> None:
    rows = []
    for step in document["history"][-10:]:
        shares = step["shares"] or None
        verified = {True: "yes", False: "NO", None: "-"}[step["verified"]]
        said = "; ".join(
            check["detail"]
            for check in (step["verdict"] or {}).get("checks", ())
            if not check["passed"]
        )
        share = (
            " ".join(f"v{version} {weight:.1f}%" for version, weight in shares.items())
            if shares
            else f"{step['percent']:g}%"
        )
        rows.append(
            [share, ago(step["started"]), _verdict(step), verified, step["finding"] or said]
        )
    out.table(["share", "began", "verdict", "probed", "finding"], rows)


def _verdict(step: dict[str, Any]) -> str:
    """Return how a step was judged; what nobody looked at yet did not pass."""
    verdict = step["verdict"]
    if verdict is None or (verdict["passed"] and not verdict["checks"]):
        return "-"
    if not verdict["passed"]:
        return "breach"
    return "passed" if step["ended"] is not None else "no harm so far"


def _awaits(found: dict[str, Any] | None) -> dict[str, str]:
    return {} if found is None else {"waits for": found["what"], "then": found["then"]}


def _arms(out: Output, document: dict[str, Any]) -> None:
    rows = [
        [
            f"v{arm['version']}",
            f"{arm['share']:.1f}%",
            arm["keys"],
            arm["rows"],
            arm["errors"],
            arm["latency_p95_ms"],
            arm["rewards"]["rows"],
            arm["mean"],
            _range(arm["low"], arm["high"]),
            _range(arm["gain_low"], arm["gain_high"]),
            None if arm["best"] is None else f"{arm['best']:.1%}",
        ]
        for arm in document["arms"]
    ]
    columns = ["version", "share", "keys", "rows", "errors", "p95 ms", "outcomes", "reward"]
    out.table([*columns, "95% interval", "gain on champion", "best"], rows)
    out.say(f"decision  {document['decision']}", style="bold")


def _paired(out: Output, paired: dict[str, Any]) -> None:
    out.say("both versions on the same rows", style="bold")
    agreement = paired["agreement"]
    loss = None
    if paired["old_loss"] is not None:
        loss = (
            f"{paired['loss']} {paired['new_loss']:.4g} against {paired['old_loss']:.4g}"
            f" on {paired['labelled']:,} rows (difference {_range(paired['low'], paired['high'])})"
        )
    out.facts(
        {
            "rows": paired["rows"],
            "agree": None if agreement is None else f"{agreement:.1%}",
            "mean difference": paired["difference"],
            "failures": paired["failures"],
            "p95 ms": None
            if paired["new_ms"] is None
            else f"{paired['new_ms']:.3g} against {paired['old_ms']:.3g}",
            "outcomes": loss,
        }
    )


def _range(low: float | None, high: float | None) -> str:
    return "-" if low is None or high is None else f"{low:+.4g} to {high:+.4g}"


def _watch(document: dict[str, Any]) -> str | None:
    until = document["watched_until"]
    return None if until is None else "a promotion that proves worse is taken back"


def _hint(document: dict[str, Any]) -> str:
    if document["status"] == "promoted":
        return "keepwell rollout back takes it back"
    if document["status"] == "completed" and document["strategy"] == "shadow":
        return f"keepwell rollout start {document['candidate']}"
    if document["status"] != "running":
        return ""
    if document.get("winner"):
        return f"keepwell rollout promote --version {document['winner']}"
    if len(document["versions"]) > 2:  # noqa: PLR2004 (one of several is to be named)
        one = document["candidate"]
        return f"keepwell rollout promote --version {one}, or keepwell rollout abort"
    return "keepwell rollout promote, or keepwell rollout abort"
