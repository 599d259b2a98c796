"""`keepwell loop run PLAYBOOK`: a playbook by hand."""

import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keepwell.cli.commands.loop.history import in_words
from keepwell.cli.commands.loop.saying import AsRole
from keepwell.cli.options import HERE, AsJson, ProjectFolder, open_workspace
from keepwell.cli.output import Output
from keepwell.core.errors import UnavailableError, UsageError

if TYPE_CHECKING:
    from keepwell.core.records import Intervention
    from keepwell.workspace import Workspace

_LOOK_EVERY = 0.5


def run(
    playbook: Annotated[str, typer.Argument(help="Which; `keepwell loop plan` lists them.")],
    endpoint: Annotated[
        str, typer.Option("--endpoint", "-e", help="Where.", show_default="the project's")
    ] = "",
    option: Annotated[
        list[str] | None,
        typer.Option("--option", help="As name=value; may be repeated.", show_default=False),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    wait: Annotated[
        float, typer.Option(min=0, help="Seconds to wait until it was carried out.")
    ] = 60.0,
    token: AsRole = "",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Use a playbook now: planned, carried out, watched and, if it does harm, undone like a rule's."""
    from keepwell.infrastructure.codec import to_plain
    from keepwell.operations.serving.presence import is_up

    out = Output(as_json=as_json)
    options = _options(option or ())
    with open_workspace(project) as workspace:
        name = workspace.endpoints.read(endpoint or workspace.spec.endpoint).name
        consent = workspace.looping.consent
        if dry_run:
            planned = consent.draft(playbook, name, options)
            out.answer(to_plain(planned), lambda: _tell(out, planned))
            return
        if not is_up(workspace.home):
            raise UnavailableError(
                f"nobody can carry out {playbook}",
                why="the loop looks only while the workspace is served",
                now="keepwell up; or --dry-run to see what would be done",
            )
        asked = consent.request(playbook, name, options, token=token)
        done = _awaited(workspace, asked, wait)
        out.answer(to_plain(done), lambda: _tell(out, done))


def _awaited(workspace: "Workspace", asked: "Intervention", seconds: float) -> "Intervention":
    end = time.monotonic() + seconds
    while True:
        found, _ = workspace.incidents.intervention(asked.key)
        if found.status not in ("approved", "acting") or time.monotonic() > end:
            return found
        time.sleep(_LOOK_EVERY)


def _tell(out: Output, one: "Intervention") -> None:
    out.facts(
        {
            "playbook": one.playbook,
            "endpoint": one.endpoint,
            "steps": "; ".join(one.steps) or None,
            "predicted": in_words(one.predicted) or one.predicted.reason or None,
            "temporary": "until it is taken back" if one.temporary else None,
            "status": one.status if one.approved_by else "nothing was done",
            "outcome": one.outcome or None,
            "id": one.id if one.approved_by else None,
        }
    )


def _options(pairs: Sequence[str]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError(
                f"'{pair}' is not an option",
                why="an option is a name and a value",
                now="--option workers=4",
            )
        try:
            options[name] = json.loads(value)
        except ValueError:
            options[name] = value
    return options
