"""One export from beginning to end: the options are read, the folder appears whole, or not at all."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from keepwell import __version__
from keepwell.core.errors import UsageError
from keepwell.core.plugins import load_plugin, plugin_names
from keepwell.core.records import Task
from keepwell.core.suggestions import did_you_mean
from keepwell.deployment.targets.base import (
    Exportable,
    Exported,
    ExportedFile,
    Option,
    Target,
    Value,
)
from keepwell.deployment.targets.folders import MANIFEST, appearing
from keepwell.infrastructure.codec import to_plain

_YES = {"yes": True, "true": True, "on": True, "1": True}
_NO = {"no": False, "false": False, "off": False, "0": False}


def targets() -> list[str]:
    """Return the names of all targets, sorted."""
    return plugin_names("targets")


def find_target(name: str) -> Target:
    """Return a target by name.

    Raises:
        NotFoundError: If no installed package offers it.
    """
    target: Target = load_plugin("targets", name)()
    return target


def export(
    name: str,
    exportable: Exportable,
    folder: Path,
    options: Mapping[str, str] | None = None,
    *,
    force: bool = False,
) -> Exported:
    """Write a model version into a folder, in the form that a target gives it.

    Args:
        name: Of the target.
        exportable: The version.
        folder: Where it goes; made if it is not there.
        options: What was said of the target's options, as text.
        force: Replace what an earlier export left in the folder.

    Raises:
        NotFoundError: If there is no such target.
        UsageError: If an option is unknown or has no such value, or the folder is not empty.
        StorageError: If the disk refuses; then the folder is as it was.
    """
    target = find_target(name)
    task = exportable.version.signature.task
    if task is Task.MULTILABEL:
        raise UsageError(
            f"{exportable.version.key} cannot be exported as '{name}'",
            why="exports answer with one label or number a row, and this model with several",
            now="serve it with `keepwell up`, or score files with `keepwell predict`",
        )
    if task is Task.RANKING:
        raise UsageError(
            f"{exportable.version.key} cannot be exported as '{name}'",
            why="an export answers rows by themselves; a recommender answers by what every user did",
            now="serve it with `keepwell up`, or write lists for all users with `keepwell predict`",
        )
    values = read_options(name, target.options, options or {})
    with appearing(folder, force=force) as arriving:
        told = target.write(arriving, exportable, values)
        files = tuple(_measure(path, arriving) for path in _files(arriving))
        version = exportable.version
        manifest = {
            "format": 1,
            "target": name,
            "options": dict(values),
            "model": version.model,
            "version": version.version,
            "endpoint": exportable.endpoint,
            "keepwell": __version__,
            "bundle": [to_plain(file) for file in version.bundle.files],
            "files": [to_plain(file) for file in files],
        }
        path = arriving / MANIFEST
        path.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
        return replace(told, files=(*files, _measure(path, arriving)))


def read_options(
    target: str, known: Sequence[Option], given: Mapping[str, str]
) -> dict[str, Value]:
    """Return a value for every option of a target.

    Raises:
        UsageError: If one is unknown, or its value is of another type or not among the choices.
    """
    names = [option.name for option in known]
    for name in given:
        if name not in names:
            raise UsageError(
                f"the target '{target}' has no option '{name}'",
                why=f"it has: {', '.join(names) or 'none'}",
                now=did_you_mean(name, names) or "keepwell export lists targets and options",
            )
    return {
        option.name: _value(option, given[option.name]) if option.name in given else option.default
        for option in known
    }


def _value(option: Option, text: str) -> Value:
    wanted = type(option.default)
    if option.choices and text not in option.choices:
        raise UsageError(
            f"the option '{option.name}' has no value '{text}'",
            why=f"it is one of: {', '.join(option.choices)}",
            now=did_you_mean(text, option.choices) or f"leave it out for '{option.default}'",
        )
    try:
        if wanted is bool:
            return (_YES | _NO)[text.lower()]
        value: Value = wanted(text)
    except (KeyError, ValueError):
        kind = {bool: "yes or no", int: "a whole number", float: "a number"}.get(wanted, "text")
        raise UsageError(
            f"the option '{option.name}' cannot be '{text}'",
            why=f"{option.meaning} It is {kind}.",
            now=f"for example --option {option.name}={_shown(option.default)}",
        ) from None
    return value


def _shown(value: Value) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _measure(path: Path, folder: Path) -> ExportedFile:
    data = path.read_bytes()
    return ExportedFile(
        name=path.relative_to(folder).as_posix(),
        size=len(data),
        digest=hashlib.sha256(data).hexdigest(),
    )
