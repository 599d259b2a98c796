"""`keepwell loop plan`: a dry run of every rule and every playbook."""

from typing import TYPE_CHECKING

from keepwell.cli.commands.loop.history import in_words
from keepwell.cli.commands.loop.status import Endpoint
from keepwell.cli.options import HERE, AsJson, ProjectFolder, open_workspace
from keepwell.cli.output import Output

if TYPE_CHECKING:
    from keepwell.core.records import Effect


def plan(endpoint: Endpoint = "", project: ProjectFolder = HERE, as_json: AsJson = False) -> None:
    """Say what every rule, and every playbook by hand, would do now; nothing is done."""
    from keepwell.infrastructure.codec import to_plain

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        if endpoint:
            workspace.endpoints.read(endpoint)
        found = workspace.looping.plan(endpoint)
    columns = ["endpoint", "rule", "does", "now", "steps", "predicted"]
    rows = [
        [
            one.endpoint,
            one.rule or "by hand",
            one.playbook,
            _now(one.rule, one.waits, one.approval, holds=one.holds),
            one.problem or "; ".join(one.steps),
            _expected(one.predicted),
        ]
        for one in found
    ]
    out.answer(
        {"plans": [to_plain(one) for one in found]},
        lambda: out.table(columns, rows) if rows else out.say("there is no endpoint so far"),
    )


def _expected(effect: "Effect") -> str:
    """Return what is expected; where no number can be, why not."""
    return effect.reason if effect.after is None and effect.reason else in_words(effect)


def _now(rule: str, waits: str, approval: str, *, holds: bool) -> str:
    if not rule:
        return ""
    if waits:
        return f"waits: {waits}"
    if not holds:
        return "does not hold"
    return f"{approval} must agree" if approval else "is done at the next look"
