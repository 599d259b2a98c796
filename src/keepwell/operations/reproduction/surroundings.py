"""Packages then and now, and a fresh virtual environment with those of then."""

import ast
import platform
import subprocess
import sys
import venv
from collections.abc import Mapping
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

from keepwell.core.errors import UnavailableError

_BELOW = ("numpy", "scipy", "pandas", "pyarrow", "scikit-learn")
_TAIL = 600


def needed(program: str) -> list[str]:
    """Return the distributions that a program's imports come from, and what lies below them."""
    known = packages_distributions()
    names: set[str] = set()
    for node in ast.walk(ast.parse(program)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    found = {dist for name in names for dist in known.get(name, [])[:1]}
    return sorted(found | set(_BELOW), key=str.lower)


def differences(
    then: Mapping[str, Any], now: Mapping[str, Any], names: list[str]
) -> tuple[list[str], int]:
    """Return what differs among the packages that matter, in words, and how many others differ."""
    python = then.get("python", {}).get("version", "")
    here = platform.python_version()
    told = [f"Python {python} then, {here} now"] if python and python != here else []
    before, after = _lower(then.get("packages", {})), _lower(now.get("packages", {}))
    matter = {name.lower() for name in names}
    differ = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    told += [
        f"{name} {before.get(name, 'absent')} then, {after.get(name, 'absent')} now"
        for name in differ
        if name in matter
    ]
    return told, sum(name not in matter for name in differ)


def _lower(packages: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): version for name, version in packages.items()}


def build(then: Mapping[str, Any], names: list[str], folder: Path) -> Path:
    """Return the Python of a fresh virtual environment with the packages of then.

    Raises:
        UnavailableError: If a package of then cannot be had; pip's own words are in it.
    """
    python = str(then.get("python", {}).get("version", ""))
    here = platform.python_version()
    if python.split(".")[:2] != here.split(".")[:2]:
        raise UnavailableError(
            f"the environment of then cannot be built: it ran on Python {python}",
            why=f"this is Python {here}",
            now=f"start keepwell by Python {'.'.join(python.split('.')[:2])}, or leave --install out",
        )
    packages = _lower(then.get("packages", {}))
    venv.create(folder, with_pip=True)
    interpreter = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    constraints = folder / "constraints.txt"
    constraints.write_text("".join(f"{name}=={version}\n" for name, version in packages.items()))
    wanted = [name for name in names if name.lower() in packages]
    done = subprocess.run(
        [str(interpreter), "-m", "pip", "install", "-q", "-c", str(constraints), *wanted],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise UnavailableError(
            "the packages of then cannot be installed",
            why=done.stderr.strip()[-_TAIL:],
            now="leave --install out: it runs with the packages of today, and says which differ",
        )
    return interpreter
