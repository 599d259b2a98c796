import os
import subprocess
import sys
from pathlib import Path

import pytest

from keepwell.core.errors import NotFoundError, UsageError
from keepwell.data.fingerprint import find_files, fingerprint, suffix_of


def touch(path: Path, content: str = "a\n1\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def test_names_each_file_below_the_root_with_size_and_time(tmp_path: Path) -> None:
    path = touch(tmp_path / "data" / "a.csv")
    status = path.stat()
    assert fingerprint("data/a.csv", tmp_path) == {
        "data/a.csv": [status.st_size, status.st_mtime_ns]
    }


def test_changes_when_a_file_is_touched_added_or_grown(tmp_path: Path) -> None:
    path = touch(tmp_path / "data" / "a.csv")
    first = fingerprint("data", tmp_path)
    os.utime(path, ns=(1, 1))
    second = fingerprint("data", tmp_path)
    touch(tmp_path / "data" / "b.csv")
    third = fingerprint("data", tmp_path)
    assert first != second != third
    assert list(third) == ["data/a.csv", "data/b.csv"]


def test_takes_data_files_of_a_folder_in_the_order_of_their_paths(tmp_path: Path) -> None:
    for name in (
        "z.parquet",
        "b/x.csv.gz",
        "a.CSV",
        "_SUCCESS",
        ".hidden.csv",
        "README.md",
        "_tmp/c.csv",
    ):
        touch(tmp_path / "data" / name)
    found = [path.relative_to(tmp_path).as_posix() for path in find_files("data", tmp_path)]
    assert found == ["data/a.CSV", "data/b/x.csv.gz", "data/z.parquet"]


def test_expands_globs_across_folders(tmp_path: Path) -> None:
    for name in ("2024/01.csv", "2024/02.csv", "2023/12.csv"):
        touch(tmp_path / name)
    assert len(find_files("2024/*.csv", tmp_path)) == 2
    assert len(find_files("**/*.csv", tmp_path)) == 3


def test_takes_a_file_whose_name_looks_like_a_glob_as_it_is(tmp_path: Path) -> None:
    touch(tmp_path / "a[1]*.csv")
    assert find_files("a[1]*.csv", tmp_path) == [tmp_path / "a[1]*.csv"]


def test_a_missing_file_is_named_with_the_closest_one(tmp_path: Path) -> None:
    touch(tmp_path / "telco.csv")
    with pytest.raises(NotFoundError, match=r"telko\.csv") as caught:
        fingerprint("telko.csv", tmp_path)
    assert caught.value.now == "did you mean 'telco.csv'?"


def test_a_folder_without_data_says_what_it_holds(tmp_path: Path) -> None:
    touch(tmp_path / "data" / "README.md")
    with pytest.raises(NotFoundError, match="no data file") as caught:
        fingerprint("data", tmp_path)
    assert "README.md" in caught.value.why


def test_a_glob_that_matches_nothing_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no file matches") as caught:
        fingerprint("*.csv", tmp_path)
    assert str(tmp_path) in caught.value.why


def test_a_url_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="s3://bucket"):
        fingerprint("s3://bucket/a.csv", tmp_path)


@pytest.mark.parametrize(
    ("name", "suffix"),
    [("a.csv", "csv"), ("a.b.CSV.gz", "csv"), ("a.parquet", "parquet"), ("a", ""), ("a.gz", "gz")],
)
def test_a_suffix_is_told_without_compression(name: str, suffix: str) -> None:
    assert suffix_of(Path(name)) == suffix


def test_needs_nothing_but_the_standard_library() -> None:
    code = (
        "import sys, keepwell.data.fingerprint as f\n"
        "print(*sorted({'numpy', 'pyarrow', 'duckdb', 'msgspec', 'yaml'} & set(sys.modules)))"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert output.stdout.strip() == ""
