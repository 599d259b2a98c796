"""`keepwell alerts`: who was told what, and how to take it on, silence it, or try a channel."""

from typing import TYPE_CHECKING, Annotated

import typer

from keepwell.cli.options import (
    HERE,
    AsJson,
    ProjectFolder,
    command_app,
    examples,
    open_workspace,
)
from keepwell.cli.output import Output, ago
from keepwell.core.durations import format_duration, parse_duration
from keepwell.core.errors import UsageError

if TYPE_CHECKING:
    from keepwell.core.records import Alert, Delivery

app = command_app(group=True)


@app.callback()
def alerts() -> None:
    """See what fires, take it on, silence it, and try whether messages arrive."""


@app.command("list", epilog=examples("keepwell alerts", "keepwell alerts list --all --json"))
def list_alerts(
    everything: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 50,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """List the alerts that fire, newest first."""
    from keepwell.infrastructure.codec import to_plain

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        found = workspace.alerts.store.alerts(status="" if everything else "firing", limit=limit)
    columns = ["alert", "severity", "status", "since", "told", "taken on by", "title"]
    rows = [
        [one.id, one.severity, state_of(one), ago(one.opened), ", ".join(one.told),
         one.acknowledged_by, one.title]
        for one in found
    ]  # fmt: skip
    out.answer(
        {"alerts": [to_plain(one) for one in found]},
        lambda: out.table(columns, rows) if rows else out.say("nothing fires"),
    )


@app.command("show", epilog=examples("keepwell alerts show 01K…"))
def show(
    alert: Annotated[str, typer.Argument(help="Its id, or the beginning of it.")],
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Show one alert: what was found, who was told, and how each attempt went."""
    from keepwell.infrastructure.codec import to_plain

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        found = workspace.alerts.store.alert(alert)
        messages = workspace.alerts.store.deliveries(alert=found.id)
    document = to_plain(found) | {"deliveries": [to_plain(one) for one in messages]}
    out.answer(document, lambda: _tell(out, found, messages))


@app.command("ack", epilog=examples("keepwell alerts ack 01K… --why 'looking into it'"))
def acknowledge(
    alert: Annotated[str, typer.Argument(help="Its id, or the beginning of it.")],
    why: Annotated[str, typer.Option("--why", help="Kept with it.")] = "",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Take an alert on, and its incident: no reminder, no escalation from now on."""
    from keepwell.infrastructure.codec import to_plain

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        changed = workspace.alerts.acknowledge(alert, why)
    out.answer(
        to_plain(changed),
        lambda: out.say(f"{changed.title}: taken on by {changed.acknowledged_by}"),
    )


@app.command(
    "silence",
    epilog=examples(
        "keepwell alerts silence --for 2h --why 'the warehouse is moved'",
        "keepwell alerts silence --rule slow --endpoint churn --for 30m --why 'load test'",
    ),
)
def silence(
    length: Annotated[str, typer.Option("--for", help="How long: 30m, 2h, 7d.")],
    why: Annotated[str, typer.Option("--why", help="Told to whoever finds it.")],
    rule: Annotated[str, typer.Option(help="Only what this rule finds.")] = "",
    endpoint: Annotated[str, typer.Option("--endpoint", "-e", help="Only there.")] = "",
    severity: Annotated[str, typer.Option(help="Only info, warning or critical.")] = "",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Tell nobody of what matches, for a while; what is not said matches everything."""
    from keepwell.infrastructure.codec import to_plain

    out = Output(as_json=as_json)
    try:
        seconds = parse_duration(length)
    except ValueError as error:
        raise UsageError(str(error), now="keepwell alerts silence --for 2h --why …") from None
    with open_workspace(project) as workspace:
        made = workspace.alerts.silence(
            seconds=seconds, reason=why, rule=rule, endpoint=endpoint, severity=severity
        )
    out.answer(
        to_plain(made),
        lambda: out.say(
            f"silent for {format_duration(seconds)}: keepwell alerts unsilence {made.id}"
        ),
    )


@app.command("silences", epilog=examples("keepwell alerts silences --json"))
def silences(
    everything: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """List the silences that hold."""
    from keepwell.infrastructure.codec import to_plain

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        found = workspace.alerts.store.silences(ended=everything)
        now = workspace.clock.now()
    columns = ["silence", "ends in", "by", "rule", "endpoint", "severity", "because"]
    rows = [
        [one.id, format_duration(one.until - now) if one.until > now else "over", one.by, one.rule,
         one.endpoint, one.severity, one.reason]
        for one in found
    ]  # fmt: skip
    out.answer(
        {"silences": [to_plain(one) for one in found]},
        lambda: out.table(columns, rows) if rows else out.say("no silence holds"),
    )


@app.command("unsilence", epilog=examples("keepwell alerts unsilence 01K…"))
def unsilence(
    silence: Annotated[str, typer.Argument(help="Its id, or the beginning of it.")],
    why: Annotated[str, typer.Option("--why", help="Told in the record.")] = "",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """End a silence; what fires under it is told now."""
    from keepwell.infrastructure.codec import to_plain

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        ended = workspace.alerts.store.end_silence(silence, why)
    out.answer(to_plain(ended), lambda: out.say("the silence is over"))


@app.command("channels", epilog=examples("keepwell alerts channels"))
def channels(project: ProjectFolder = HERE, as_json: AsJson = False) -> None:
    """List the channels, and how the newest message of each fared; addresses are not shown."""
    from keepwell.infrastructure.codec import to_plain

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        found = workspace.alerts.channels()
    rows = [[one.name, one.kind, one.addresses, one.waiting, *fared(one.last)] for one in found]
    out.answer(
        {"channels": [to_plain(one) for one in found]},
        lambda: out.table(["channel", "kind", "addresses", "waiting", "last", "went"], rows),
    )


@app.command("test", epilog=examples("keepwell alerts test", "keepwell alerts test ops --json"))
def try_out(
    channel: Annotated[str, typer.Argument(help="Which; every channel unless said.")] = "",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Send a test message the way every message goes: the exit code is 1 if one was not taken."""
    from keepwell.infrastructure.codec import to_plain

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        names = [channel] if channel else [one.name for one in workspace.alerts.channels()]
        sent = [workspace.alerts.test(name) for name in names]
    columns = ["channel", "last", "went"]
    out.answer(
        {"tests": [to_plain(one) for one in sent]},
        lambda: out.table(columns, [[one.channel, *fared(one)] for one in sent]),
    )
    if any(one.status != "sent" for one in sent):
        out.note(
            "a message was not taken: correct `alerts: channels:` in keepwell.yaml, then try again"
        )
        raise typer.Exit(1)


def state_of(alert: "Alert") -> str:
    """Return how an alert stands, in a word or two."""
    if alert.status == "resolved":
        return "resolved"
    if alert.silenced:
        return "silenced"
    if alert.flapping:
        return "comes and goes"
    return "taken on" if alert.acknowledged is not None else "firing"


def fared(message: "Delivery | None") -> tuple[str, str]:
    """Return when a message was sent, and how that went."""
    if message is None:
        return "-", "nothing sent yet"
    if not message.attempts:
        return ago(message.created), message.status
    last = message.attempts[-1]
    return ago(last.time), last.error or f"{message.status.replace('_', ' ')}: {last.answer}"


def _tell(out: Output, alert: "Alert", messages: "list[Delivery]") -> None:
    out.say(alert.title, style="bold")
    out.facts(
        {
            "alert": alert.id,
            "severity": alert.severity,
            "status": state_of(alert),
            "since": ago(alert.opened),
            "incident": alert.incident or None,
            "taken on by": alert.acknowledged_by or None,
            "note": alert.note or None,
        }
    )
    out.table(
        ["rule", "subject", "value", "limit", "message"],
        [[hit.rule, hit.subject, hit.value, hit.limit, hit.message] for hit in alert.hits],
    )
    for act in alert.acts:
        out.say(f"{ago(act.time)}: {act.text}")
    if messages:
        out.table(
            ["channel", "news", "tries", "last", "went"],
            [[one.channel, one.kind, len(one.attempts), *fared(one)] for one in messages],
        )
