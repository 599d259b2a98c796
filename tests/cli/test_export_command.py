"""`keepwell export`: which version is meant, and what is refused."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from keepwell.core import plugins
from keepwell.deployment.targets import Exportable, Exported, Option


class Label:
    """Writes down which version it was given."""

    summary = "A label."
    options = (Option(name="ink", default="black", meaning="Its colour."),)

    def write(self, folder: Path, exportable: Exportable, options: Mapping[str, Any]) -> Exported:
        (folder / "label.txt").write_text(exportable.version.key)
        assert exportable.rows(3) is None  # its dataset was never ingested
        return Exported(
            figures={"letters": len(exportable.version.key), "digest": None},
            notes=(exportable.read("scorer.json").decode(), str(options["ink"])),
        )


class Entry:
    """An entry point of a package that is not installed."""

    value = "label:Label"

    @staticmethod
    def load() -> type[Label]:
        return Label


@pytest.fixture(autouse=True)
def label(monkeypatch: pytest.MonkeyPatch) -> None:
    known = plugins._group
    monkeypatch.setattr(
        plugins,
        "_group",
        lambda point: {"label": Entry, **known(point)} if point == "targets" else known(point),
    )


@pytest.mark.parametrize(
    ("words", "version"),
    [
        ([], "shop/1"),
        (["shop"], "shop/1"),
        (["2"], "shop/2"),
        (["@2"], "shop/2"),
        (["champion"], "shop/1"),
        (["shop@2"], "shop/2"),
        (["shop@champion"], "shop/1"),
    ],
)
def test_a_version_is_named_in_many_ways(
    keepwell: Any, project: Path, tmp_path: Path, words: list[str], version: str
) -> None:
    out = tmp_path / "out"
    ended = keepwell("export", "label", *words, "-o", out, "-C", project, "--json")
    assert ended.code == 0, ended.err
    assert (out / "label.txt").read_text() == version
    document = ended.document
    assert document["model"] == {"name": "shop", "version": int(version[-1])}
    assert document["figures"] == {"letters": 6, "digest": None}
    assert document["notes"] == [version[-1], "black"]
    assert {file["name"] for file in document["files"]} == {"label.txt", "keepwell-export.json"}
    assert document["size"] == sum(file["size"] for file in document["files"])


def test_an_export_is_told(keepwell: Any, project: Path, tmp_path: Path) -> None:
    words = ["export", "label", "-o", tmp_path / "out", "-C", project, "--option", "ink=red"]
    ended = keepwell(*words)
    assert ended.code == 0, ended.err
    assert "label  shop/1 →" in ended.out
    assert "letters  6" in ended.out
    assert "  red\n" in ended.out
    again = keepwell(*words)
    assert again.code == 2
    assert "--force" in again.err
    assert keepwell(*words, "--force").code == 0


def test_targets_are_listed(keepwell: Any) -> None:
    listed = keepwell("export").out
    assert "A label." in listed
    assert "Its colour." in listed
    (found,) = [
        item for item in keepwell("export", "--json").document["targets"] if item["name"] == "label"
    ]
    assert found["options"] == [
        {"name": "ink", "default": "black", "meaning": "Its colour.", "choices": []}
    ]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["lable", "-o", "x"], 1, "did you mean 'label'?"),
        (["label"], 2, "keepwell export label -o exported"),
        (["label", "-o", "x", "--option", "ink"], 2, "--option ink=VALUE"),
        (["label", "-o", "x", "--option", "inc=red"], 2, "did you mean 'ink'?"),
        (["label", "shopp@1", "-o", "x"], 1, "did you mean 'shop'?"),
        (["label", "shop@champoin", "-o", "x"], 1, "did you mean 'champion'?"),
        (["label", "@9", "-o", "x"], 1, "versions: 1 to 2"),
    ],
)
def test_refusals(
    keepwell: Any,
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    code: int,
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = keepwell("export", *words, "-C", project)
    assert ended.code == code
    assert told in ended.err
    assert not (tmp_path / "x").exists()
