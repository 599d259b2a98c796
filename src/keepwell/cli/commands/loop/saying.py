"""`keepwell loop approve|refuse|undo`: people's word."""

from typing import TYPE_CHECKING, Annotated

import typer

from keepwell.cli.options import HERE, AsJson, ProjectFolder, open_workspace
from keepwell.cli.output import Output

if TYPE_CHECKING:
    from keepwell.core.records import Intervention
    from keepwell.workspace import Workspace

Which = Annotated[str, typer.Argument(help="Its id, the beginning of it, or `latest`.")]
Why = Annotated[str, typer.Option("--why", help="For the record.", show_default=False)]
AsRole = Annotated[
    str,
    typer.Option(
        "--token",
        envvar="KEEPWELL_TOKEN",
        help="Shows the role, where one must agree.",
        show_default=False,
    ),
]


def approve(
    intervention: Which = "latest",
    token: AsRole = "",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Agree to what the loop proposes; it is done at the next look."""
    with open_workspace(project) as workspace:
        said = workspace.looping.consent.approve(intervention, token=token)
        _answer(workspace, said, "approved", as_json=as_json)


def refuse(
    intervention: Which = "latest",
    why: Why = "",
    token: AsRole = "",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Refuse what the loop proposes."""
    with open_workspace(project) as workspace:
        said = workspace.looping.consent.refuse(intervention, why, token=token)
        _answer(workspace, said, "refused", as_json=as_json)


def undo(
    intervention: Which = "latest",
    why: Why = "",
    token: AsRole = "",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Take back what the loop did; that happens at its next look."""
    with open_workspace(project) as workspace:
        said = workspace.looping.consent.undo(intervention, why, token=token)
        _answer(workspace, said, "is to be undone", as_json=as_json)


def _answer(workspace: "Workspace", one: "Intervention", said: str, *, as_json: bool) -> None:
    from keepwell.infrastructure.codec import to_plain
    from keepwell.operations.serving.presence import is_up

    out = Output(as_json=as_json)
    out.answer(to_plain(one), lambda: out.say(f"{one.playbook} '{one.id}' {said}"))
    if one.status != "refused" and not is_up(workspace.home):
        out.note("nobody looks at present: keepwell up carries it out")
