"""`keepwell doctor`: is this machine, and this project, fit to work?"""

from keepwell.cli.checks import examine
from keepwell.cli.options import HERE, AsJson, ProjectFolder, command_app, examples
from keepwell.cli.output import Output

app = command_app()

SIGNS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "problem": ("✗", "red")}


@app.command(epilog=examples("keepwell doctor", "keepwell doctor --json"))
def doctor(project: ProjectFolder = HERE, as_json: AsJson = False) -> int:
    """Check Python, libraries, disk, memory, ports, and the project if there is one.

    The exit code is 1 if there is a problem; warnings are none.
    """
    out = Output(as_json=as_json)
    findings = examine(project)
    document = {
        "healthy": all(item.level != "problem" for item in findings),
        "checks": [
            {"name": item.name, "level": item.level, "found": item.found, "now": item.now}
            for item in findings
        ],
    }

    def tell() -> None:
        width = max(len(item.name) for item in findings)
        for item in findings:
            sign, style = SIGNS[item.level]
            out.say(f"{sign} {item.name:<{width}}  {item.found}", style=style)
            if item.now:
                out.say(f"  {'':<{width}}  → {item.now}", style="cyan")

    out.answer(document, tell)
    return 0 if document["healthy"] else 1
