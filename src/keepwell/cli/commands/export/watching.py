"""`keepwell export grafana` and `prometheus-rules`: files for other systems, of no model."""

from pathlib import Path

from keepwell.cli.output import Output
from keepwell.core.errors import ConflictError, UsageError

SUMMARIES = {
    "grafana": "dashboards over a Prometheus that scrapes /metrics, in a folder",
    "prometheus-rules": "recording and alerting rules, in a file",
}


def write(out: Output, target: str, where: str, project: Path, *, force: bool) -> None:
    """Write the files of a target.

    Raises:
        UsageError: If nobody said where to.
        ConflictError: If something else is there.
    """
    from keepwell.cli.options import open_workspace
    from keepwell.operations.outbound.files import dashboards, prometheus_rules

    if not where:
        example = "dashboards/" if target == "grafana" else "keepwell-rules.yaml"
        raise UsageError(
            f"where should the files of '{target}' go?",
            why=f"they are {SUMMARIES[target]}",
            now=f"keepwell export {target} {example}",
        )
    place = Path(where)
    if target == "grafana":
        files = {place / name: text for name, text in dashboards().items()}
    else:
        with open_workspace(project) as workspace:
            files = {place: prometheus_rules(workspace.spec)}
    there = [path for path in files if path.exists() and path.read_text() != files[path]]
    if there and not force:
        raise ConflictError(
            f"{there[0]} is there already, and is another",
            why="it may have been changed by hand",
            now="name another place, or --force to replace it",
        )
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def tell() -> None:
        for path in files:
            out.say(f"{target}  {path}", style="bold")

    out.answer({"target": target, "files": [str(path) for path in files]}, tell)
