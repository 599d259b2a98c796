"""The commands, put together: found by name, imported when asked for."""

from importlib import import_module
from typing import Any

import typer

from keepwell import __version__
from keepwell.cli.options import Group, examples, markup

PANELS = {
    "Build": (
        "init",
        "plan",
        "run",
        "test",
        "data",
        "features",
        "runs",
        "models",
        "compare",
        "lighten",
        "reproduce",
        "pretrained",
        "ask",
    ),
    "Serve": (
        "up",
        "status",
        "scale",
        "tune",
        "deploy",
        "rollout",
        "flags",
        "predict",
        "explain",
        "predictions",
        "feedback",
        "export",
        "import",
        "tokens",
    ),
    "Watch": (
        "monitor",
        "traces",
        "validate",
        "alerts",
        "incidents",
        "loop",
        "anomalies",
        "forecasts",
        "causes",
        "machines",
        "costs",
        "audit",
    ),
    "Look around": ("demo", "doctor"),
}
MODULES = {"import": "importing"}  # a word of Python's own names no module
COMMANDS = {name: panel for panel, names in PANELS.items() for name in names}


class LazyGroup(Group):
    """Imports a command's module when that command is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load one command; None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"keepwell.cli.commands.{MODULES.get(cmd_name, cmd_name)}")
        command: Any = typer.main.get_command(module.app)
        command.name = cmd_name
        command.rich_help_panel = COMMANDS[cmd_name]
        return command


def _version(wanted: bool) -> None:
    if wanted:
        print(f"keepwell {__version__}")
        raise typer.Exit


app = typer.Typer(
    cls=LazyGroup,
    rich_markup_mode=markup(),
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    epilog=examples(
        "keepwell demo",
        "keepwell init churn --data customers.csv --target Churn",
        "cd churn && keepwell run && keepwell up",
    ),
)


@app.callback()
def keepwell(
    context: typer.Context,
    version: bool = typer.Option(
        False, "--version", "-V", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """The whole machine-learning stack, with the loop closed: train, serve, watch, heal."""
    if context.invoked_subcommand is None:
        print(context.get_help())


def call(words: list[str]) -> int:
    """Run the command that `words` say and return its exit code; raises what it raises."""
    code = typer.main.get_command(app).main(args=words, prog_name="keepwell", standalone_mode=False)
    return code if isinstance(code, int) else 0
