"""What the commands have in common: their options, and how help is laid out."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from keepwell.core.errors import NotFoundError, UsageError
from keepwell.core.suggestions import did_you_mean

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

AsJson = Annotated[
    bool,
    typer.Option(
        "--json", help="Print one JSON document on standard output; all else on standard error."
    ),
]
ProjectFolder = Annotated[
    Path,
    typer.Option(
        "--project", "-C", help="The project's folder, or one inside it.", show_default=False
    ),
]
OfEndpoint = Annotated[
    str, typer.Option("--endpoint", "-e", help="The project's unless said.", show_default=False)
]
Why = Annotated[str, typer.Option("--why", help="Told in the record.")]
HERE = Path()


def markup() -> Literal["rich"] | None:
    """Return how help is drawn: with colour and boxes in a terminal, as plain text in a pipe."""
    return "rich" if sys.stdout.isatty() else None


def examples(*lines: str) -> str:
    """Return the examples at the end of a command's help, one to a line."""
    if markup() is None:
        return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])
    shown = "\n".join(f"  [cyan]{line}[/cyan]" for line in lines)
    return f"[bold]Examples[/bold]\n{shown}"


def command_app(*, group: bool = False, shows: bool = False, words: bool = False) -> typer.Typer:
    """Return the Typer application that a command module hangs its functions on.

    Where nothing else is asked, a `group` lists, and one that `shows` shows; with `words`, it shows also
    where the first word is none of its commands.
    """
    kinds = [(group, ListingGroup), (words, WordsGroup), (shows, ShowingGroup)]
    return typer.Typer(
        cls=next((kind for wanted, kind in kinds if wanted), Group),
        rich_markup_mode=markup(),
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
        add_completion=False,
    )


class Group(TyperGroup):
    """A group of commands that knows which one was probably meant."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Say what there is where nothing is asked for.

        Raises:
            UsageError: If a command must follow and none does.
        """
        if not args and not self.invoke_without_command:
            found = [self.get_command(ctx, name) for name in self.list_commands(ctx)]
            known = [one for one in found if one is not None and not one.hidden]
            listed = [f"{one.name}: {one.get_short_help_str(90)}" for one in known]
            raise UsageError(
                f"{ctx.command_path} what?",
                why="\n".join(listed),
                now=f"{ctx.command_path} {known[0].name} --help",
            )
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that `args` starts with.

        Raises:
            UsageError: If there is none of that name.
        """
        word, known = args[0], self.list_commands(ctx)
        if word not in known and not word.startswith("-"):
            raise UsageError(
                f"there is no command '{ctx.command_path} {word}'",
                why=f"there are: {', '.join(known)}",
                now=did_you_mean(word, known) or f"{ctx.command_path} --help",
            )
        return super().resolve_command(ctx, args)


class ListingGroup(Group):
    """A group that lists when nothing else is asked: `keepwell runs` is `keepwell runs list`."""

    first = "list"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the first command in front where the words start with no subcommand."""
        if not args or (args[0].startswith("-") and args[0] not in ("-h", "--help")):
            args = [self.first, *args]
        return super().parse_args(ctx, args)


class ShowingGroup(ListingGroup):
    """A group that shows when nothing else is asked: `keepwell monitor` is `keepwell monitor show`."""

    first = "show"


class WordsGroup(ShowingGroup):
    """A group that shows what it is given: `keepwell features 3` is `keepwell features show 3`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the first command in front where the words start with no subcommand."""
        if args and args[0] not in (*self.list_commands(ctx), "-h", "--help"):
            args = [self.first, *args]
        return super().parse_args(ctx, args)


def project_root(project: Path) -> Path:
    """Return the folder of the project that `project` is, or lies in.

    Raises:
        NotFoundError: If there is no such folder, or no project in it or above it.
    """
    from keepwell.workspace import find_project

    if not project.is_dir():
        raise NotFoundError(
            f"there is no folder {project}",
            why="--project names a project's folder",
            now="leave --project out inside a project, or name its folder",
        )
    return find_project(project)


def open_workspace(project: Path) -> "Workspace":
    """Open the workspace of the project in `project` or above it."""
    from keepwell.workspace import Workspace

    return Workspace.open(project_root(project))
