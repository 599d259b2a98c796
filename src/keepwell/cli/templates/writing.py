"""From a template to a folder: the project file, the data, a README with the seven steps."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from random import Random

from keepwell.cli.project_types import EXAMPLES, choose, features_of
from keepwell.cli.templates.readme import readme
from keepwell.cli.templates.template import Row, Template
from keepwell.core.errors import ConflictError, UsageError
from keepwell.core.records import ColumnType, Task
from keepwell.core.spec import ProjectSpec
from keepwell.infrastructure.files import write_atomic
from keepwell.infrastructure.project_file import load_project, render_project

LATER, OUTCOMES = "data/later.csv", "data/outcomes.csv"
_SEED = 11
_SPECIAL = (Task.CLUSTERING, Task.ANOMALY, Task.RANKING, Task.FORECAST, Task.MULTILABEL)
_PROSE = 3  # spaces


def write_template(
    template: Template,
    root: Path,
    name: str,
    kind: str = "",
    model: str = "",
    *,
    overwrite: bool,
) -> tuple[ProjectSpec, tuple[str, ...]]:
    """Write the project's files into a folder; return the project, and what was chosen for its type.

    Raises:
        ConflictError: If one of them is there already and `overwrite` does not say so.
    """
    spec = replace(template.project(name), root=root)
    target, key = spec.data.target, spec.data.key
    train = _made(template, key, later=False)
    later = _made(template, key, later=True)
    asked = [{name: value for name, value in row.items() if name != target} for row in later]
    spec, notes = _typed(template, spec, kind, model, train[0])
    files = {
        "keepwell.yaml": render_project(spec, notes),
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
    return load_project(root / "keepwell.yaml"), notes


def _typed(
    template: Template, spec: ProjectSpec, kind: str, model: str, row: Row
) -> tuple[ProjectSpec, tuple[str, ...]]:
    """Return the project set up for a type of learning.

    Raises:
        MissingExtraError: If the type needs an extra that is not installed.
        UsageError: If the template is not about something to predict.
    """
    if not kind:
        return spec, ()
    if not spec.data.target or spec.train.task in _SPECIAL:
        raise UsageError(
            f"the template '{template.name}' has no type '{kind}'",
            why="what it does has models of its own kind",
            now=f"leave out --type, or take --template {EXAMPLES[kind]}",
        )
    said = {
        name: ColumnType.NUMBER if isinstance(value, int | float) else ColumnType.CATEGORY
        for name, value in row.items()
    }
    texts = {name: ColumnType.TEXT for name, value in row.items() if str(value).count(" ") > _PROSE}
    chosen = choose(kind, features_of(spec, said | texts | spec.data.types), spec.train, model)
    return replace(spec, train=chosen.train), chosen.notes


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
