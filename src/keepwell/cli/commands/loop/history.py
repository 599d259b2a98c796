"""`keepwell loop history`: trigger, action, predicted and measured effect, over weeks."""

from typing import TYPE_CHECKING, Annotated

import typer

from keepwell.cli.commands.loop.status import Endpoint
from keepwell.cli.options import HERE, AsJson, ProjectFolder, open_workspace
from keepwell.cli.output import Output, ago

if TYPE_CHECKING:
    from keepwell.core.records import Effect


def history(
    endpoint: Endpoint = "",
    days: Annotated[float, typer.Option(min=0.1, max=3650, help="How far back.")] = 28,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """List what the loop did: its trigger, and what it was to bring and brought."""
    from keepwell.infrastructure.codec import to_plain

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        found = workspace.looping.history(endpoint, days=days)
    columns = ["when", "endpoint", "by", "did", "ended", "predicted", "what it brought", "because"]
    rows = [
        [
            ago(one.time),
            one.endpoint,
            one.by,
            one.action,
            one.status,
            in_words(one.predicted),
            in_words(one.measured) or one.outcome,
            one.trigger,
        ]
        for one in found
    ]
    out.answer(
        {"history": [to_plain(one) for one in found]},
        lambda: out.table(columns, rows) if rows else out.say("the loop did nothing so far"),
    )


def in_words(effect: "Effect") -> str:
    """Return an effect in a few words; empty where there is none."""
    if not effect.measure:
        return ""
    ends = ["?" if value is None else f"{value:.4g}" for value in (effect.before, effect.after)]
    return f"{effect.measure} {ends[0]} → {ends[1]}"
