"""Model versions to export, and a Python that has nothing but what an export says it needs."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

from keepwell.core.records import Bundle, BundleFile, ModelVersion
from keepwell.deployment.scoring import proof
from keepwell.deployment.scoring.scorer import PIPELINE_FILE
from keepwell.deployment.targets import Exportable


@pytest.fixture(scope="session")
def exportable_of(model_of: Callable[..., Any]) -> Callable[..., Exportable]:
    """Return a maker of versions of `churn` that can be exported."""

    def make(*wish: Any, compiled: bool = True, **options: Any) -> Exportable:
        made = model_of(*wish, **options)
        contents = made.files
        if not compiled:
            pipeline = {PIPELINE_FILE: made.files[PIPELINE_FILE]}
            contents, _ = proof._as_it_is(pipeline, "the test wants it so")
        files = tuple(
            BundleFile(name=name, digest=hashlib.sha256(data).hexdigest(), size=len(data))
            for name, data in contents.items()
        )
        version = ModelVersion(
            model="churn",
            version=3,
            run="r",
            bundle=Bundle(files=files),
            signature=made.signature,
            metric="roc_auc",
            proof=made.proof,
        )
        return Exportable(
            version=version,
            endpoint="churn",
            read=contents.__getitem__,
            rows=lambda most: made.table.slice(0, min(most, 60)),
        )

    return make


class Lonely:
    """Runs Python with the standard library and the packages of a requirements file, nothing else.

    Not even Keepwell: what an export does not bring or name cannot be imported.
    """

    def __init__(self, site: Path) -> None:
        self._site = site

    def command(self, export: Path, program: str, *words: str) -> list[str]:
        """Return the command that runs a program in an export's folder."""
        self._link(export / "requirements.txt")
        start = (
            f"import sys; sys.dont_write_bytecode = True; sys.path.append({str(self._site)!r}); "
            f"sys.argv = {[program, *words]!r}\n"
        )
        source = (export / program).read_text() if program.endswith(".py") else program
        where = f"__file__ = {str(export / program)!r}\n" if program.endswith(".py") else ""
        return [sys.executable, "-I", "-S", "-c", f"{start}{where}{source}"]

    def run(self, export: Path, program: str, *words: str, text: str = "") -> Any:
        """Run a program to its end; returns what `subprocess.run` does."""
        return subprocess.run(
            self.command(export, program, *words),
            cwd=export,
            input=text,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def _link(self, requirements: Path) -> None:
        self._site.mkdir(exist_ok=True)
        for line in requirements.read_text().splitlines():
            if line.startswith("#"):
                continue
            name, _, version = line.partition("==")
            found = distribution(name)
            assert found.version == version
            for top in {file.parts[0] for file in found.files or () if file.parts[0] != ".."}:
                link = self._site / top
                if not link.exists():
                    link.symlink_to(Path(str(found.locate_file(top))))


@pytest.fixture
def lonely(tmp_path: Path) -> Lonely:
    """Return a Python that has nothing but what an export says it needs."""
    return Lonely(tmp_path / "site")
