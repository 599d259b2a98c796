"""Videos and sounds are refused with what was found, why, and what to bring instead."""

from pathlib import Path

import pytest

from keepwell.core.errors import InvalidDataError
from keepwell.core.records import ColumnType
from keepwell.data.fingerprint import MEDIA
from keepwell.data.inference import infer_columns
from keepwell.data.sources import open_source
from keepwell.data.sources.linked import must_not_be_media


@pytest.mark.parametrize("kind", MEDIA)
def test_a_file_a_folder_and_a_glob_are_refused(tmp_path: Path, kind: str) -> None:
    for suffix in MEDIA[kind]:
        folder = tmp_path / suffix / "class"
        folder.mkdir(parents=True)
        (folder / f"one.{suffix.upper()}").write_bytes(b"\0\1")
        for source in (f"{suffix}/class/one.{suffix.upper()}", suffix, f"{suffix}/**/*"):
            with pytest.raises(InvalidDataError) as refusal:
                open_source(source, tmp_path)
            assert f"one.{suffix.upper()}" in refusal.value.what
            assert kind.removesuffix("s") in refusal.value.what
            assert "tables, texts, pictures and time series" in refusal.value.why
            assert "bring a table" in refusal.value.now
            assert refusal.value.details == {"modality": kind}


def test_a_folder_of_many_names_some(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"{number}.mp4").write_bytes(b"x")
    with pytest.raises(InvalidDataError, match=r"holds videos: 0\.mp4, 1\.mp4, 2\.mp4 and 2 more"):
        open_source(str(tmp_path), tmp_path)


def test_pictures_beside_a_video_are_learnt_from(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"x")
    (tmp_path / "frame.png").write_bytes(b"x")
    assert [file.path.name for file in open_source(".", tmp_path).files] == ["frame.png"]


def _table(folder: Path, header: str, cells: list[str]) -> None:
    (folder / "clips").mkdir()
    for number in range(4):
        (folder / "clips" / f"{number}.wav").write_bytes(b"x")
    lines = [cell.format(number) for number, cell in enumerate(cells)]
    (folder / "all.csv").write_text("\n".join([header, *lines]) + "\n")


def test_a_table_of_paths_to_sounds_is_opened_and_said_to_teach_nothing(tmp_path: Path) -> None:
    _table(tmp_path, "clip,label", ["clips/{}.wav,a"] * 4)
    source = open_source("all.csv", tmp_path)  # as it comes to be scored, or with outcomes
    findings = source.files[0].findings
    assert [(item.column, item.rule) for item in findings] == [("clip", "sounds")]
    must_not_be_media(findings, ["clip", "loudness"], "all.csv")
    for features in (["clip"], []):
        with pytest.raises(InvalidDataError, match="the column 'clip', which names so") as refusal:
            must_not_be_media(findings, features, "all.csv")
        assert "a table with a row for each sound" in refusal.value.now


def test_features_beside_the_paths_are_learnt_from_and_it_is_said(tmp_path: Path) -> None:
    _table(tmp_path, "clip,loudness,label", ["clips/{}.wav,0.5,a"] * 4)
    source = open_source("all.csv", tmp_path)
    assert [item.column for item in source.files[0].findings] == ["clip"]
    types = {column.name: column.type for column in infer_columns(source)}
    assert types["loudness"] is ColumnType.NUMBER


def test_names_of_sounds_that_are_nowhere_stay_texts(tmp_path: Path) -> None:
    (tmp_path / "all.csv").write_text("song,liked\na.mp3,1\nb.mp3,0\n")
    source = open_source("all.csv", tmp_path)
    assert source.files[0].findings == ()
