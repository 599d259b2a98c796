"""From a template to a folder: the project file, the data, a README with the seven steps."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from random import Random

from keepwell.cli.templates.readme import readme
from keepwell.cli.templates.template import Row, Template
from keepwell.core.errors import ConflictError
from keepwell.core.spec import ProjectSpec
from keepwell.infrastructure.files import write_atomic
from keepwell.infrastructure.project_file import load_project, render_project

LATER, OUTCOMES = "data/later.csv", "data/outcomes.csv"
_SEED = 11


def write_template(template: Template, root: Path, name: str, *, overwrite: bool) -> ProjectSpec:
    """Write the project's files into a folder, and return the project.

    Raises:
        ConflictError: If one of them is there already and `overwrite` does not say so.
    """
    spec = replace(template.project(name), root=root)
    target, key = spec.data.target, spec.data.key
    train = _made(template, key, later=False)
    later = _made(template, key, later=True)
    asked = [{name: value for name, value in row.items() if name != target} for row in later]
    files = {
        "keepwell.yaml": render_project(spec),
        "README.md": readme(template, spec, json.dumps(asked[0], ensure_ascii=False)),
        spec.data.source: _csv(train),
        LATER: _csv(asked),
        **{path: text.replace("$endpoint", spec.endpoint) for path, text in template.files.items()},
    }
    if template.outcomes:
        files[OUTCOMES] = _csv([{key: row[key], target: row[target]} for row in later])
    _check_free(root, sorted(files), overwrite=overwrite)
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        write_atomic(root / path, text.encode())
    return load_project(root / "keepwell.yaml")


def _made(template: Template, key: str, *, later: bool) -> list[Row]:
    """Return rows, each with a key where there is one; those that come later go on counting."""
    rows = template.world(Random(_SEED + later), later)  # noqa: S311 - nobody's secret
    first, wanted = (template.rows, template.later) if later else (0, template.rows)
    made = list(islice(rows, wanted))
    if not key or key in made[0]:
        return made
    return [
        {key: f"{key[0].upper()}{first + number:06d}", **row} for number, row in enumerate(made)
    ]


def _csv(rows: Sequence[Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _check_free(root: Path, paths: Iterable[str], *, overwrite: bool) -> None:
    there = [path for path in paths if (root / path).exists()]
    if there and not overwrite:
        raise ConflictError(
            f"{root / there[0]} is there already",
            why="init never writes over what is in a folder",
            now="choose another folder, or say --overwrite",
        )
