"""How groups are treated, as `keepwell models fairness` prints it."""

from typing import TYPE_CHECKING

from keepwell.cli.output import Output

if TYPE_CHECKING:
    from keepwell.core.records import FairnessView, ModelVersion


def tell_fairness(out: Output, version: "ModelVersion", views: "list[FairnessView]") -> None:
    """Print the views of a version."""
    from keepwell.operations.insight.words import (
        columns_of,
        fairness_words,
        metric_words,
        mitigation_words,
    )

    if not views:
        out.say(f"{version.key}: no column is named or looks protected", style="bold")
        out.say("  name one: --by COLUMN, or fairness: {columns: [COLUMN]} in keepwell.yaml")
        return
    out.say(f"{version.key}, on {views[0].rows:,} test rows", style="bold")
    for view in views:
        out.say()
        hint = "" if view.named else "  (suggested; name it under fairness.columns if it matters)"
        out.say(f"{view.column}{hint}", style="bold")
        for line in fairness_words(view):
            out.say(f"  {line}")
        if not view.groups:
            continue
        rates = columns_of(view.groups)
        out.table(
            ["group", "rows", *(name.replace("_", " ") for name in rates)],
            [[one.name, one.rows, *(getattr(one, name) for name in rates)] for one in view.groups],
        )
        for metric, gap in view.gaps.items():
            reach = "" if gap.low is None else f"  ({gap.low:.3g} to {gap.high:.3g})"
            out.say(f"  {gap.value:.3f}{reach}  {metric_words(metric)}")
        for one in view.mitigations:
            out.say(f"  {mitigation_words(one)}")
    if any(view.mitigations for view in views):
        out.note(
            "thresholds by group are an analysis: the endpoint decides by one threshold for all"
        )
