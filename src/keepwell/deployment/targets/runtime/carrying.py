"""A model's files, and the code that answers from them, into a folder."""

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import msgspec

from keepwell import __version__
from keepwell.core.plugins import PREFIX
from keepwell.deployment.example import example_of
from keepwell.deployment.scoring.original import modules_in
from keepwell.deployment.scoring.scorer import SCORER_FILE, Scorer, load_scorer
from keepwell.deployment.standalone.model import CARD_FILE, Card
from keepwell.deployment.targets.base import Exportable
from keepwell.deployment.targets.runtime.modules import OWN, renamed, sources, strangers
from keepwell.deployment.targets.runtime.packages import Pin, needs, pins
from keepwell.deployment.targets.runtime.parts import parts_of
from keepwell.deployment.targets.runtime.trial import Trial, try_out
from keepwell.infrastructure.codec import to_json, to_plain

STANDALONE = f"{OWN}.deployment.standalone"
MODEL_FOLDER = "model"
_ROWS = 200  # that an export must answer as its version does
_FEW = 16  # copies of the example, where there are no rows: enough to be answered as a batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What lies in a folder now.

    Attributes:
        package: Name of the copy of Keepwell.
        packages: What must be installed beside it.
        trial: How it answered by itself.
        scorer: The version's own scorer.
    """

    package: str
    packages: list[Pin]
    trial: Trial
    scorer: Scorer

    @property
    def figures(self) -> dict[str, Any]:
        """What is worth telling of any export."""
        return {
            "rows_compared": self.trial.rows,
            "largest_difference": self.trial.largest_difference,
            "cold_start_ms": self.trial.cold_start_ms,
            "memory_mb": self.trial.memory_mb,
            "packages_mb": round(sum(pin.size for pin in self.packages) / 1e6, 1),
        }

    @property
    def wants_openmp(self) -> bool:
        """Whether the model's library needs OpenMP, which slim systems lack."""
        return any(
            needs(Path(path), library)
            for path in self.trial.libraries
            for library in ("libgomp.so.1", "libomp.dylib")  # what it is called there, and on a Mac
        )

    @property
    def module(self) -> str:
        """Name of the package that opens a model."""
        return STANDALONE.replace(OWN, self.package, 1)

    @property
    def cautions(self) -> tuple[str, ...]:
        """What stands in the way of installing the packages elsewhere."""
        return tuple(
            f"{pin} was installed from {pin.source}: give its file along"
            if pin.source
            else f"{pin} is a build of its own: its index must be named"
            for pin in self.packages
            if pin.source or "+" in pin.version
        )


def carry(
    folder: Path,
    exportable: Exportable,
    *doors: str,
    model: str = MODEL_FOLDER,
    code: str = ".",
    extra: tuple[str, ...] = (),
) -> Carried:
    """Write a version's files and the code that answers from them, and try the result out.

    Args:
        folder: The export.
        exportable: The version.
        doors: Modules of `deployment.standalone` that it is reached by.
        model: Where in the folder the model's files go.
        code: Where in the folder the code goes.
        extra: Packages that the doors need.

    Raises:
        ExportDiffersError: If the copy does not answer as the version does.
    """
    used: dict[str, bytes] = {}

    def read(name: str) -> bytes:
        used[name] = exportable.read(name)
        return used[name]

    scorer = load_scorer(read, exportable.version.signature)
    parts = parts_of(msgspec.json.decode(used[SCORER_FILE]))
    pipelines = [data for name, data in used.items() if name.endswith(".skops")]
    stored = sorted({module for data in pipelines for module in modules_in(data)})
    aliases = [name for name in stored if _is_own(name)]
    package = _write_code(folder / code, parts, [f"{STANDALONE}.{door}" for door in doors], aliases)
    _write_model(folder / model, exportable, used, {name: _copy(name, package) for name in aliases})
    rows = _instances(exportable)
    trial = try_out(
        folder / code, _copy(STANDALONE, package), folder / model, rows, scorer.rows(rows)
    )
    for cache in folder.rglob("__pycache__"):
        shutil.rmtree(cache)
    direct = strangers(
        Path(path) for name, path in trial.modules.items() if name.partition(".")[0] == package
    )
    direct |= {name.partition(".")[0] for name in [*stored, *_plugins(parts)]}
    files = [trial.modules[name] for name in direct if name in trial.modules]
    return Carried(
        package=package,
        packages=pins(files, trial.libraries, imported=trial.modules.values(), extra=extra),
        trial=trial,
        scorer=scorer,
    )


def _write_code(
    folder: Path,
    parts: Mapping[str, list[EntryPoint]],
    doors: list[str],
    aliases: list[str],
) -> str:
    """Write the copy of Keepwell, and return its name."""
    own = [item.module for items in parts.values() for item in items if _is_own(item.module)]
    found = sources([STANDALONE, *doors, *own, *aliases])
    named = [(point, item.name, item.value) for point, items in parts.items() for item in items]
    content = [(name, path.read_text()) for name, path in found.items()]
    package = f"{OWN}_{hashlib.sha256(repr((content, named)).encode()).hexdigest()[:8]}"
    for name, text in content:
        place = folder.joinpath(*_copy(name, package).split("."))
        if found[name].name == "__init__.py":
            place = place / "__init__"
        path = place.with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_rewritten(name, text, package))
    _write_metadata(folder / f"{package}-{__version__}.dist-info", package, parts)
    return package


def _rewritten(name: str, text: str, package: str) -> str:
    text = renamed(text, package)
    if name == f"{OWN}.core.plugins":  # its parts are its own, not an installed Keepwell's
        text = text.replace(f'PREFIX = "{PREFIX}"', f'PREFIX = "{package}."')
    return text


def _write_metadata(folder: Path, package: str, parts: Mapping[str, list[EntryPoint]]) -> None:
    """Write what makes the copy's parts be found, as an installer would."""
    folder.mkdir()
    (folder / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {package}\nVersion: {__version__}\n"
        "Summary: The part of Keepwell that answers for one model.\nLicense: Apache-2.0\n"
    )
    lines = []
    for point, items in parts.items():
        lines.append(f"[{package}.{point}]")
        for item in items:
            value = _copy(item.value, package) if _is_own(item.module) else item.value
            lines.append(f"{item.name} = {value}")
    (folder / "entry_points.txt").write_text("\n".join(lines) + "\n")


def _plugins(parts: Mapping[str, list[EntryPoint]]) -> list[str]:
    return [item.module for items in parts.values() for item in items if not _is_own(item.module)]


def _write_model(
    folder: Path, exportable: Exportable, files: Mapping[str, bytes], aliases: dict[str, str]
) -> None:
    version = exportable.version
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    card = Card(
        model=version.model,
        version=version.version,
        endpoint=exportable.endpoint,
        signature=version.signature,
        files=tuple(file for file in version.bundle.files if file.name in files),
        stands_for=aliases,
    )
    text = msgspec.json.format(to_json(card), indent=2)
    (folder / CARD_FILE).write_bytes(text + b"\n")


def _instances(exportable: Exportable) -> list[dict[str, Any]]:
    """Return rows as they come from JSON: of the training data, or the example alone."""
    signature = exportable.version.signature
    table = exportable.rows(_ROWS)
    if table is None or not table.num_rows:
        return [dict(example_of(signature))] * _FEW
    names = [item.name for item in signature.inputs]
    rows = table.select([name for name in names if name in table.column_names]).to_pylist()
    return [to_plain(row) for row in rows]


def _copy(name: str, package: str) -> str:
    return package + name.removeprefix(OWN)


def _is_own(module: str) -> bool:
    return module.startswith(f"{OWN}.")
