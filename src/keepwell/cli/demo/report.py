"""How the demo ended, in a table and in a document."""

from typing import Any

from keepwell.cli.demo.script import NAME
from keepwell.cli.demo.story import Story
from keepwell.cli.demo.verdict import Moments, Verdict
from keepwell.cli.output import Output
from keepwell.core.durations import format_duration

DAY = 86400.0


def document(story: Story, moments: Moments, verdict: Verdict, *, kept: bool) -> dict[str, Any]:
    """Return all the numbers, JSON-ready."""
    watch = story.watch

    def since_change(day: float | None, time: float | None) -> dict[str, float] | None:
        if day is None or time is None or watch.since is None:
            return None
        return {"days": round(day - moments.change, 2), "seconds": round(time - watch.since, 1)}

    return {
        "simulated": True,
        **verdict.as_dict(),
        "time_to_detect": since_change(moments.found, watch.found),
        "time_to_promote": since_change(moments.promoted, watch.promoted),
        "time_to_recover": since_change(moments.recovered, story.recovered),
        "days": {"first": moments.start, "change": moments.change, "last": moments.end},
        "parcels": {"asked": story.scene.asked, "told": story.scene.told},
        "seconds": round(story.seconds, 1),
        "url": story.scene.url,
        "project": str(story.project) if kept else None,
    }


def tell(out: Output, numbers: dict[str, Any]) -> None:
    """Tell the numbers as tables."""
    accuracy = numbers["accuracy"]
    out.say()
    rows = [
        ["before the change", _percent(accuracy["before"])],
        ["broken", _percent(accuracy["broken"])],
        ["healed", _percent(accuracy["healed"])],
        ["frozen first version, same parcels", _percent(accuracy["frozen"])],
    ]
    compared = f"over the last {numbers['parcels_compared']:,} parcels"
    out.table(["accuracy", ""], rows, title=f"Harbour Parcels (simulated), {compared}")
    rows = [
        [what, *_both(numbers[name])]
        for what, name in (
            ("change found (incident opened)", "time_to_detect"),
            ("new version promoted", "time_to_promote"),
            ("recovered (accuracy is back)", "time_to_recover"),
        )
    ]
    out.table(["after the change of the world", "simulated", "real"], rows)
    if numbers["healed"]:
        took = format_duration(numbers["seconds"])
        out.say(f"The loop healed the model. All of it took {took}.", style="bold green")
    else:
        out.say("The loop did not heal the model:", style="bold red")
        for reason in numbers["reasons"]:
            out.say(f"  {reason}", style="red")
    out.say(f"console  {numbers['url']}", style="cyan")
    if numbers["project"]:
        out.say(f"project  {numbers['project']}   (cd there; keepwell up, keepwell incidents)")
    else:
        out.say(f"To look around afterwards: keepwell demo --keep {NAME}-demo --stay")


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _both(moment: dict[str, float] | None) -> tuple[str, str]:
    if moment is None:
        return "never", "never"
    return format_duration(moment["days"] * DAY), format_duration(moment["seconds"])
