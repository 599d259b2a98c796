"""What users feed us: each is either read rightly or refused with the way out."""

import gzip
import json
from typing import Any

import pyarrow as pa
import pytest

from keepwell.core.errors import InvalidDataError, KeepwellError, NotFoundError
from keepwell.core.records import ColumnType

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


def refused(world: Any, source: str) -> KeepwellError:
    with pytest.raises(KeepwellError) as caught:
        world.ingest(source)
    assert world.datasets.names() == []
    assert list((world.home / "staging").glob("*.rows")) == []
    assert not (world.root / "d.yaml").exists()
    error = caught.value
    assert error.what
    assert error.why
    return error


@pytest.mark.parametrize("content", ["", "\n  \n"])
def test_an_empty_file(world: Any, content: str) -> None:
    world.write("f.csv", content)
    assert "is empty" in refused(world, "f.csv").what


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_an_empty_file_of_any_format(world: Any, suffix: str) -> None:
    world.write(f"f.{suffix}", "")
    assert "is empty" in refused(world, f"f.{suffix}").what


def test_a_header_without_rows(world: Any) -> None:
    world.write("f.csv", "a,b\n")
    assert refused(world, "f.csv").what == "f.csv has no rows"


def test_a_parquet_file_without_rows(world: Any) -> None:
    world.write("f.parquet", pa.table({"a": pa.array([], pa.int64())}))
    assert refused(world, "f.parquet").what == "f.parquet has no rows"


@pytest.mark.parametrize(
    ("name", "content", "kind", "way_out"),
    [
        ("f.csv", pa.table({"a": [1]}), "a Parquet file", "rename it to f.parquet"),
        ("f.parquet", PNG, "a PNG image", "export"),
        ("f.csv", PNG, "a PNG image", "export"),
        ("f.csv", gzip.compress(b"a,b\n1,2\n", mtime=0), "gzip", "rename it to f.csv.gz"),
        ("f.csv.gz", "a,b\n1,2\n", "Not a gzipped file", "export"),
        ("f.jsonl.gz", "{}", "Not a gzipped file", "export"),
        ("f.csv", b"PK\x03\x04" + bytes(9), "Excel", "export"),
        ("f.csv", "<!DOCTYPE html><html></html>", "HTML", "export"),
        ("f.csv", '{"a": 1}\n{"a": 2}\n', "JSON", "rename it to f.jsonl"),
        ("f.csv", b"a,b\n1,\0\n", "something else", "export"),
        ("f.parquet", "a,b\n1,2\n", "something else", "export"),
    ],
)
def test_a_file_that_is_not_what_its_name_says(
    world: Any, name: str, content: Any, kind: str, way_out: str
) -> None:
    world.write(name, content)
    error = refused(world, name)
    assert "not what its name says" in error.what
    assert kind in error.why
    assert way_out in error.now


def test_a_gzip_file_that_was_cut_short(world: Any) -> None:
    world.write("f.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 100_000, mtime=0)[:-50])
    assert "is damaged" in refused(world, "f.csv.gz").what


def test_a_parquet_file_that_was_cut_short(world: Any) -> None:
    path = world.write("f.parquet", pa.table({"a": list(range(100))}))
    path.write_bytes(path.read_bytes()[:-20])
    assert "is a damaged Parquet file" in refused(world, "f.parquet").what


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("1,2,3", "it has 3 values, and the header names 2 columns: 1,2,3"),
        ("1", "it has 1 values, and the header names 2 columns: 1"),
        ('1,"open', "a quoted value is opened there and never closed"),
    ],
)
def test_a_ragged_row_at_line_90000(world: Any, row: str, words: str) -> None:
    before = "".join(f"{n},x\n" for n in range(90_000 - 2))
    world.write("f.csv", f"a,b\n{before}{row}\n" + "5,y\n" * 20_000)
    error = refused(world, "f.csv")
    assert error.what.endswith("line 90,000 cannot be read")
    assert words in error.why
    assert error.details["line"] == 90_000


def test_a_ragged_row_far_behind_several_buffers(world: Any) -> None:
    row = "x" * 200
    rows = 400_000
    world.write("f.csv", f"a,b\n{f'{row},1{chr(10)}' * rows}1,2,3\n")
    assert refused(world, "f.csv").details["line"] == rows + 2


def test_mixed_types_in_a_column(world: Any) -> None:
    world.write("f.csv", "a,b\n" + "".join(f"{n},1\n" for n in range(100)) + "forty,1\ntrue,2\n")
    version = world.ingest("f.csv")
    assert version.columns[0].type is ColumnType.TEXT
    assert version.findings[0].rule == "mixed types"
    assert world.values(version, "a")[-2:] == ["forty", "true"]


def test_five_thousand_columns(world: Any) -> None:
    names = [f"x{n}" for n in range(5000)]
    row = ",".join(str(n / 7)[:6] for n in range(5000))
    world.write("f.csv", "\n".join([",".join(names), *[row] * 40]) + "\n")
    version = world.ingest("f.csv")
    assert (version.rows, len(version.columns)) == (40, 5000)
    assert world.values(version, "x4999") == [714.14] * 40
    assert world.ingest("f.csv") == version


NAMES = [
    "class",
    "lambda",
    'it\'s "quoted"',
    "😀",
    "x" * 300,
    "a b,c;{}()\n=",
    "_chunk",
    " a",
    "c0",
    "",
]


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
def test_column_names_of_every_kind(world: Any, suffix: str) -> None:
    rows = [dict.fromkeys(NAMES, n) for n in range(30)]
    if suffix == "csv":
        head = ",".join('"' + name.replace('"', '""') + '"' for name in NAMES)
        world.write(
            "f.csv",
            head + "\n" + "".join(",".join([str(n)] * len(NAMES)) + "\n" for n in range(30)),
        )
    elif suffix == "parquet":
        world.write("f.parquet", pa.Table.from_pylist(rows))
    else:
        world.write("f.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    version = world.ingest(f"f.{suffix}")
    names = [*NAMES[:-1], f"column_{len(NAMES)}"] if suffix == "csv" else NAMES
    assert [column.name for column in version.columns] == names
    table = world.datasets.read(version)
    assert table.column_names == names
    assert all(column.to_pylist() == list(range(30)) for column in table.columns)
    assert world.ingest(f"f.{suffix}") == version


def test_a_column_name_that_occurs_twice(world: Any) -> None:
    world.write("f.csv", "a,b,a,c,b\n1,2,3,4,5\n")
    error = refused(world, "f.csv")
    assert "more than one column called 'a'" in error.what
    assert "columns 1, 3" in error.why
    assert error.details["names"] == ["a", "b"]


def test_a_column_name_that_occurs_twice_in_parquet(world: Any) -> None:
    world.write("f.parquet", pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"]))
    assert "more than one column called 'a'" in refused(world, "f.parquet").what


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_infinite_values_are_kept_and_reported(world: Any, suffix: str) -> None:
    values = [1.5, float("inf"), float("-inf"), float("nan"), 2.5]
    world.write("f.csv", "a,b\n" + "".join(f"{value},x\n" for value in values))
    world.write("f.parquet", pa.table({"a": values}))
    version = world.ingest(f"f.{suffix}")
    assert world.values(version, "a") == [1.5, float("inf"), float("-inf"), None, 2.5]
    (finding,) = version.findings
    assert finding.rule == "infinite"
    seen = world.datasets.profile(version).columns[0]
    assert (seen.infinite, seen.missing, seen.mean, seen.maximum) == (2, 1, 2.0, 2.5)


@pytest.mark.parametrize("row", [10, 300_000])
def test_a_file_in_another_encoding(world: Any, row: int) -> None:
    rows = [b"1,plain text"] * (row + 20)
    rows[row] = "1,grün".encode("latin-1")
    world.write("f.csv", b"a,b\n" + b"\n".join(rows) + b"\n")
    error = refused(world, "f.csv")
    assert f"line {row + 2:,}" in error.what
    assert "iconv" in error.now


def test_a_file_in_utf_16(world: Any) -> None:
    world.write("f.csv", "a,b\n1,2\n".encode("utf-16"))
    assert "UTF-16" in refused(world, "f.csv").why


def test_a_byte_order_mark_is_no_part_of_the_name(world: Any) -> None:
    world.write("f.csv", "\ufeffa,b\n1,2\n")
    assert [column.name for column in world.ingest("f.csv").columns] == ["a", "b"]


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_lines_may_end_in_any_way(world: Any, end: str) -> None:
    world.write("f.csv", end.join(["a,b", "1,x", '2,"y', 'z"', "3,w"]).encode())
    version = world.ingest("f.csv")
    assert world.values(version, "a") == [1, 2, 3]


def test_lines_that_end_in_several_ways(world: Any) -> None:
    world.write("f.csv", b"a,b\r\n1,2\n3,4\n")
    assert "end in different ways" in refused(world, "f.csv").why


def test_a_file_without_a_header(world: Any) -> None:
    world.write("f.csv", "1,2\n3,4\n")
    assert "has no header" in refused(world, "f.csv").what


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_usual_delimiter(world: Any, delimiter: str) -> None:
    world.write("f.csv", f"a{delimiter}b\n1{delimiter}x y\n2{delimiter}z\n")
    assert world.datasets.read(world.ingest("f.csv")).to_pydict() == {
        "a": [1, 2],
        "b": ["x y", "z"],
    }


def test_one_column_with_gaps(world: Any) -> None:
    world.write("f.csv", "a\n1\n\n3\n")
    assert world.values(world.ingest("f.csv"), "a") == [1, None, 3]


def test_a_very_long_value(world: Any) -> None:
    world.write("f.csv", f'a,b\n1,"{"x" * 3_000_000}"\n2,y\n')
    assert len(world.values(world.ingest("f.csv"), "b")[0]) == 3_000_000


def test_files_of_a_set_that_differ(world: Any) -> None:
    world.write("s/a.csv", "a,b\n1,2\n")
    world.write("s/b.csv", "a,c\n3,4\n")
    error = refused(world, "s")
    assert "s/b.csv lacks the column 'b'" in error.what
    assert error.details["extra"] == ["c"]


def test_files_of_a_set_of_different_formats(world: Any) -> None:
    world.write("s/a.csv", "a,b\n1,2\n")
    world.write("s/b.parquet", pa.table({"a": [1], "b": [2]}))
    assert "different formats" in refused(world, "s").what


def test_a_folder_without_data(world: Any) -> None:
    world.write("s/README.md", "nothing here")
    assert isinstance(refused(world, "s"), NotFoundError)


def test_an_unknown_format(world: Any) -> None:
    world.write("f.xlsx", b"PK\x03\x04")
    error = refused(world, "f.xlsx")
    assert isinstance(error, InvalidDataError)
    assert ".csv" in error.now


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"a":1}\n\n{"a":\n', "line 3 is not a JSON object"),
        ("1\n2\n", "line 1 is not a JSON object"),
        ("a,b\n1,2\n", "line 1 is not a JSON object"),
        ('[{"a": 1}]', "one JSON array"),
        ("{}\n{}\n", "has no columns"),
        (b'{"a":"gr\xfcn"}\n', "not encoded in UTF-8"),
    ],
)
def test_json_lines_that_are_none(world: Any, content: Any, words: str) -> None:
    world.write("f.jsonl", content)
    assert words in refused(world, "f.jsonl").what


def test_json_lines_with_gaps_nesting_and_late_keys(world: Any) -> None:
    rows = (
        [{"a": 1, "b": {"k": [1]}}] + [{"a": 2.5, "a/b~c": "x"}] * 9 + [{"late": True, "a": None}]
    )
    world.write("f.jsonl", "\n".join(map(json.dumps, rows)))
    version = world.ingest("f.jsonl")
    first = world.datasets.read(version).to_pylist()
    assert first[0] == {"a": 1.0, "b": '{"k":[1]}', "a/b~c": None, "late": None}
    assert first[-1] == {"a": None, "b": None, "a/b~c": None, "late": True}
