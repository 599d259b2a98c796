"""Which installed packages an exported model needs, each to the version that is installed here."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Pin:
    """A package at a version.

    Attributes:
        name: As its index knows it.
        version: Exactly.
        source: Where it was installed from, if that was no index: a folder, a repository.
        size: Bytes of its installed files.
    """

    name: str
    version: str
    source: str = ""
    size: int = 0

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"


def pins(
    modules: Iterable[str],
    libraries: Iterable[str],
    *,
    imported: Iterable[str] = (),
    extra: Iterable[str] = (),
) -> list[Pin]:
    """Return the packages that files belong to, sorted.

    Args:
        modules: Files of modules that are imported on purpose. With their package comes all that it
            requires: it may import the rest later.
        libraries: Files of native libraries that were opened without importing their package. It
            comes alone: nothing of its Python code runs.
        imported: Files of all modules that were imported. Much is imported by others only because it
            happens to be installed; it, and the libraries that it opens, are left out.
        extra: Names of packages that are wanted with all that they require.
    """
    wanted = _closure(_owners_of(modules) | {_canonical(name) for name in extra})
    wanted |= _owners_of(libraries) - _owners_of(imported)
    return sorted(_pin(name) for name in wanted)


def requirements(packages: Iterable[Pin]) -> str:
    """Return a requirements file; it is complete, so it is installed with `--no-deps`."""
    lines = [
        "# Everything that is needed, and nothing else: pip install --no-deps -r requirements.txt"
    ]
    return "\n".join([*lines, *map(str, packages)]) + "\n"


def needs(path: Path, library: str) -> bool:
    """Tell whether a native library asks for another one by name."""
    return library.encode() + b"\0" in path.read_bytes()


@cache
def _owners() -> dict[str, str]:
    """Return the package of every installed file."""
    found: dict[str, str] = {}
    for item in distributions():
        name = item.metadata["Name"]
        if not name:  # a half-removed package leaves a folder without metadata
            continue
        for file in item.files or ():
            if file.suffix not in (".pyc", ".pyi", ".txt"):
                found.setdefault(str(item.locate_file(file)), _canonical(name))
    return found


def _owners_of(paths: Iterable[str]) -> set[str]:
    owners = _owners()
    return {owners[path] for path in paths if path in owners}


def _closure(names: set[str]) -> set[str]:
    """Return packages with all that they require, as far as it is installed here."""
    done: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        found = _installed(name)
        if name in done or found is None:
            continue
        done.add(name)
        for requirement in found.requires or ():
            condition = requirement.partition(";")[2]
            if "extra" not in condition:
                waiting.append(_canonical(re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0]))
    return done


def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:  # wanted on another system only
        return None


def _pin(name: str) -> Pin:
    found = distribution(name)
    origin = found.read_text("direct_url.json") or ""
    url = re.search(r'"url"\s*:\s*"([^"]+)"', origin)
    paths = [Path(str(found.locate_file(file))) for file in found.files or ()]
    return Pin(
        name=found.metadata["Name"],
        version=found.version,
        source=url.group(1) if url else "",
        size=sum(path.stat().st_size for path in paths if path.is_file()),
    )


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
