"""`keepwell audit`: what changed, who did it, and whether the record is intact."""

from typing import Annotated

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
from keepwell.core.errors import UsageError
from keepwell.core.references import Ref

app = command_app(group=True)


@app.callback()
def audit() -> None:
    """Read the record of every change, and prove that nobody altered it."""


@app.command("list", hidden=True)
@app.command(
    "log", epilog=examples("keepwell audit log", "keepwell audit log --about alias:churn/champion")
)
def log(
    about: Annotated[str, typer.Option(help="One subject, as kind:name.", show_default=False)] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """List the newest changes: when, who, what, why."""
    out = Output(as_json=as_json)
    ref = _ref(about) if about else None
    with open_workspace(project) as workspace:
        events = workspace.metadata.events(ref=ref, limit=limit, newest_first=True)
    documents = [
        {
            "seq": event.seq,
            "time": event.time,
            "actor": event.actor,
            "subject": str(event.ref),
            "verb": event.verb,
            "why": event.why,
            "hash": event.hash,
        }
        for event in events
    ]
    rows = [[str(e.seq), ago(e.time), e.actor, str(e.ref), e.verb, e.why] for e in events]
    columns = ["seq", "when", "who", "subject", "what", "why"]
    out.answer({"events": documents}, lambda: out.table(columns, rows))


@app.command(
    "verify", epilog=examples("keepwell audit verify", "keepwell audit verify --head 120:9f3a…")
)
def verify(
    head: Annotated[
        str,
        typer.Option(
            help="What `audit head` printed earlier; finds a cut-off record.", show_default=False
        ),
    ] = "",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> int:
    """Recompute the chain of events; find every row changed, removed or added behind its back.

    The exit code is 1 if anything was found.
    """
    from keepwell.governance.audit import verify as check
    from keepwell.infrastructure.codec import to_plain

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        report = check(workspace.metadata, head or None)

    def tell() -> None:
        checked = f"{report.events:,} events, {report.states:,} states"
        if report.intact:
            out.say(f"intact  {checked}", style="green")
        else:
            out.say(f"altered  {len(report.findings)} finding(s) in {checked}", style="red")
            out.table(
                ["event", "subject", "what"], [[f.seq, f.ref, f.what] for f in report.findings]
            )
        out.say(f"head  {report.head}")

    out.answer({**to_plain(report), "intact": report.intact}, tell)
    return 0 if report.intact else 1


@app.command("head", epilog=examples("keepwell audit head > /safe/place/head.txt"))
def head(project: ProjectFolder = HERE, as_json: AsJson = False) -> None:
    """Print the number and hash of the newest event: an anchor to keep somewhere else."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        newest = workspace.metadata.events(limit=1, newest_first=True)
    anchor = f"{newest[0].seq}:{newest[0].hash}" if newest else ""
    out.answer({"head": anchor}, lambda: out.say(anchor or "the record is empty"))


def _ref(about: str) -> Ref:
    try:
        return Ref.parse(about)
    except ValueError as error:
        raise UsageError(
            f"'{about}' names no subject",
            why=str(error),
            now="for example --about alias:churn/champion",
        ) from None
