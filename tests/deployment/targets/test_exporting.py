"""What holds for every target: options, and a folder that is there whole or not at all."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from keepwell.core import plugins
from keepwell.core.errors import NotFoundError, StorageError, UsageError
from keepwell.core.records import Bundle, ModelVersion, Signature, Task
from keepwell.deployment.targets import Exportable, Exported, Option, Target, exporting
from keepwell.deployment.targets.exporting import export, read_options
from keepwell.deployment.targets.folders import MANIFEST, appearing

OPTIONS = (
    Option(name="replicas", default=2, meaning="How many."),
    Option(name="share", default=0.5, meaning="How much."),
    Option(name="ingress", default=False, meaning="Whether."),
    Option(name="arch", default="x86", meaning="Which.", choices=("x86", "arm")),
)


class Parcel:
    """Writes its options down."""

    summary = "A parcel."
    options = OPTIONS

    def write(self, folder: Path, exportable: Exportable, options: Mapping[str, Any]) -> Exported:
        (folder / "deep").mkdir()
        (folder / "deep" / "options.json").write_text(json.dumps(dict(options)))
        return Exported(figures={"weight_kg": 3}, notes=(exportable.endpoint,))


class Broken(Parcel):
    def write(self, folder: Path, exportable: Exportable, options: Mapping[str, Any]) -> Exported:
        super().write(folder, exportable, options)
        raise OSError(28, "No space left on device")


EXPORTABLE = Exportable(
    version=ModelVersion(
        model="churn",
        version=3,
        run="r",
        bundle=Bundle(files=()),
        signature=Signature(task=Task.BINARY, target="churn", inputs=()),
        metric="roc_auc",
    ),
    endpoint="churn",
    read=lambda name: b"",
)


@pytest.fixture(autouse=True)
def parcels(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds: dict[str, Callable[[], Target]] = {"parcel": Parcel, "broken": Broken}
    monkeypatch.setattr(exporting, "find_target", lambda name: kinds[name]())


def names(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def test_an_export_says_what_it_wrote(tmp_path: Path) -> None:
    exported = export("parcel", EXPORTABLE, tmp_path / "new" / "out", {"replicas": "5"})
    assert names(tmp_path / "new" / "out") == ["deep/options.json", MANIFEST]
    assert {file.name for file in exported.files} == {"deep/options.json", MANIFEST}
    assert exported.figures == {"weight_kg": 3}
    assert exported.size == sum(
        (tmp_path / "new" / "out" / file.name).stat().st_size for file in exported.files
    )
    manifest = json.loads((tmp_path / "new" / "out" / MANIFEST).read_text())
    assert (manifest["model"], manifest["version"], manifest["target"]) == ("churn", 3, "parcel")
    assert manifest["options"]["replicas"] == 5
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["out"]


def test_the_same_wish_gives_the_same_files(tmp_path: Path) -> None:
    first = export("parcel", EXPORTABLE, tmp_path / "a")
    second = export("parcel", EXPORTABLE, tmp_path / "b")
    assert first == second


def test_a_folder_with_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty") as caught:
        export("parcel", EXPORTABLE, tmp_path)
    assert "mine.txt" in caught.value.why
    with pytest.raises(UsageError, match="no export wrote") as caught:
        export("parcel", EXPORTABLE, tmp_path, force=True)
    assert "mine.txt" in caught.value.why
    assert names(tmp_path) == ["mine.txt"]


def test_force_replaces_an_export_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "out"
    export("parcel", EXPORTABLE, out)
    with pytest.raises(UsageError, match="not empty"):
        export("parcel", EXPORTABLE, out)
    (out / "deep" / "__pycache__").mkdir()
    (out / "deep" / "__pycache__" / "x.pyc").write_bytes(b"")
    export("parcel", EXPORTABLE, out, {"arch": "arm"}, force=True)
    assert json.loads((out / "deep" / "options.json").read_text())["arch"] == "arm"
    (out / "deep" / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="no export wrote") as caught:
        export("parcel", EXPORTABLE, out, force=True)
    assert caught.value.why == "replacing it would lose deep/notes.txt"


def test_an_export_that_fails_leaves_all_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(StorageError, match="was not written") as caught:
        export("broken", EXPORTABLE, out)
    assert "No space" in caught.value.why
    assert list(tmp_path.iterdir()) == []
    before = export("parcel", EXPORTABLE, out)
    with pytest.raises(StorageError):
        export("broken", EXPORTABLE, out, force=True)
    assert names(out) == sorted(file.name for file in before.files)


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    export("parcel", EXPORTABLE, tmp_path / "out")
    assert MANIFEST in names(tmp_path / "out")


def test_what_cannot_be_replaced_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "here").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "here")
    for name in ("file", "link"):
        with pytest.raises(UsageError, match="is no folder"):
            export("parcel", EXPORTABLE, tmp_path / name, force=True)
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(UsageError, match="the folder that you are in"):
        export("parcel", EXPORTABLE, Path())


def test_a_swap_that_fails_brings_the_old_folder_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    export("parcel", EXPORTABLE, out)
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if self.suffix == ".partial":
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(StorageError), appearing(out, force=True) as arriving:
        (arriving / "x").write_text("")
    assert MANIFEST in names(out)
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"replicas": 2, "share": 0.5, "ingress": False, "arch": "x86"}),
        ({"replicas": "7", "ingress": "yes"}, {"replicas": 7, "ingress": True}),
        ({"share": "1e-2", "ingress": "FALSE", "arch": "arm"}, {"share": 0.01, "arch": "arm"}),
    ],
)
def test_options_are_typed_by_their_defaults(
    given: dict[str, str], expected: dict[str, Any]
) -> None:
    assert expected.items() <= read_options("parcel", OPTIONS, given).items()


@pytest.mark.parametrize(
    ("given", "what", "now"),
    [
        ({"replica": "1"}, "has no option 'replica'", "did you mean 'replicas'?"),
        ({"replicas": "many"}, "cannot be 'many'", "--option replicas=2"),
        ({"ingress": "perhaps"}, "cannot be 'perhaps'", "--option ingress=no"),
        ({"arch": "arn"}, "has no value 'arn'", "did you mean 'arm'?"),
    ],
)
def test_wrong_options_are_told(given: dict[str, str], what: str, now: str) -> None:
    with pytest.raises(UsageError, match=what) as caught:
        read_options("parcel", OPTIONS, given)
    assert now in caught.value.now


def test_an_unknown_target_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    with pytest.raises(NotFoundError, match="there is no target called 'dokcer'"):
        plugins.load_plugin("targets", "dokcer")
