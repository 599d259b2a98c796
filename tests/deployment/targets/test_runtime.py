"""The copy of the code, the list of packages, and the trial that every export goes through."""

import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import EntryPoint, version
from pathlib import Path
from typing import Any

import pytest

from keepwell.deployment.scoring import load_scorer
from keepwell.deployment.targets import Exportable
from keepwell.deployment.targets.runtime import Pin, carry, carrying, requirements
from keepwell.deployment.targets.runtime.modules import renamed, sources, strangers
from keepwell.deployment.targets.runtime.packages import pins
from keepwell.deployment.targets.runtime.parts import parts_of
from keepwell.deployment.targets.runtime.trial import ExportDiffersError, try_out


def test_modules_bring_what_they_import() -> None:
    found = sources(["keepwell.deployment.standalone.door"])
    assert {"keepwell", "keepwell.deployment", "keepwell.core.errors"} <= found.keys()
    assert "keepwell.features.decoding" in found  # two imports away
    heavy = ("keepwell.workspace", "keepwell.data", "keepwell.training", "keepwell.project")
    assert [name for name in found if name.startswith(heavy)] == []
    assert all(path.is_file() for path in found.values())


def test_imports_for_type_checkers_do_not_count(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(
        "import json\nfrom typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import pandas\n"
        "def late():\n    from numpy.linalg import norm\n    return norm\n"
    )
    assert strangers([module]) == {"json", "typing", "numpy"}


def test_only_imports_are_renamed() -> None:
    source = (
        '"""Of keepwell.core: from keepwell.core import errors."""\n'
        "from keepwell.core import errors\n"
        "from keepwell import __version__\n"
        "def late():\n    from keepwell.core.errors import UsageError\n"
        'NAME = "keepwell.DateParts"\n'
    )
    assert renamed(source, "copy") == (
        '"""Of keepwell.core: from keepwell.core import errors."""\n'
        "from copy.core import errors\n"
        "from copy import __version__\n"
        "def late():\n    from copy.core.errors import UsageError\n"
        'NAME = "keepwell.DateParts"\n'
    )
    with pytest.raises(ValueError, match="cannot be renamed"):
        renamed("import keepwell.core\n", "copy")


def test_packages_come_with_what_they_require() -> None:
    import numpy as np

    known = {str(pin) for pin in pins([np.__file__ or ""], [])}
    assert known == {f"numpy=={version('numpy')}"}
    pandas = sys.modules.get("pandas") or __import__("pandas")
    names = {pin.name for pin in pins([pandas.__file__ or ""], [])}
    assert {"pandas", "numpy", "python-dateutil", "six"} <= names
    assert "pytest" not in names  # an extra of it


def test_a_library_comes_without_its_packages_requirements() -> None:
    from keepwell.deployment.scoring.heads.library import _library

    opened = _library()._name
    assert [pin.name for pin in pins([], [opened])] == ["lightgbm"]
    import numpy as np

    inside = str(Path(np.__file__ or "").parent / "_core" / "__init__.py")
    assert pins([], [inside], imported=[inside]) == []


def test_the_list_of_packages_is_a_requirements_file() -> None:
    text = requirements([Pin(name="numpy", version="2.4.6"), Pin(name="msgspec", version="0.22")])
    assert text.splitlines()[1:] == ["numpy==2.4.6", "msgspec==0.22"]
    assert text.startswith("# ")


def test_two_models_of_the_same_parts_share_a_copy(
    tmp_path: Path, exportable_of: Callable[..., Exportable]
) -> None:
    names = []
    wishes: list[dict[str, Any]] = [{}, {"seed": 1}, {"flavour": "linear"}]
    for place, wish in enumerate(wishes):
        folder = tmp_path / str(place)
        folder.mkdir()
        names.append(carry(folder, exportable_of(**wish), "door").package)
    assert names[0] == names[1] != names[2]


def test_without_rows_the_example_is_tried(
    tmp_path: Path, exportable_of: Callable[..., Exportable]
) -> None:
    subject = replace(exportable_of(), rows=lambda _: None)
    trial = carry(tmp_path, subject, "door").trial
    assert trial.rows > 8  # enough for both faces of the scorer
    assert trial.largest_difference == 0
    assert 0 < trial.cold_start_ms < 120_000


def test_parts_of_a_plugin_are_named_and_its_package_is_wanted(
    tmp_path: Path, exportable_of: Callable[..., Exportable], monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_a_stranger(data: Any) -> dict[str, list[EntryPoint]]:
        found = parts_of(data)
        entry = EntryPoint("acme.Thing", "packaging.version:Version", "keepwell.steps")
        return {**found, "steps": [*found["steps"], entry]}

    monkeypatch.setattr(f"{carrying.__name__}.parts_of", with_a_stranger)
    carried = carry(tmp_path, exportable_of(), "door")
    (listed,) = tmp_path.glob("*.dist-info/entry_points.txt")
    text = listed.read_text()
    assert "acme.Thing = packaging.version:Version" in text
    assert f"[{carried.package}.heads]" in text
    assert "keepwell.deployment" not in text


def test_an_export_that_answers_otherwise_is_refused(
    tmp_path: Path, exportable_of: Callable[..., Exportable], a_row: dict[str, Any]
) -> None:
    subject = exportable_of()
    carried = carry(tmp_path, subject, "door")
    scorer = load_scorer(subject.read, subject.version.signature)
    rows = [a_row] * 10
    expected = scorer.rows(rows)
    assert expected.probabilities is not None
    package = f"{carried.package}.deployment.standalone"
    model = tmp_path / "model"
    assert try_out(tmp_path, package, model, rows, expected).largest_difference == 0
    shifted = replace(expected, probabilities=expected.probabilities + 1e-6)
    with pytest.raises(ExportDiffersError, match="does not answer as the version does"):
        try_out(tmp_path, package, model, rows, shifted)
    with pytest.raises(ExportDiffersError, match="does not run by itself") as caught:
        try_out(tmp_path, package, tmp_path / "nowhere", rows, expected)
    assert "keepwell export" in caught.value.why
    part = next((tmp_path / carried.package).rglob("heads/boosted.py"))
    part.write_text("from keepwell.core.errors import FormatError\n" + part.read_text())
    with pytest.raises(ExportDiffersError) as caught:
        try_out(tmp_path, package, model, rows, expected)
    assert "keepwell" in caught.value.why
