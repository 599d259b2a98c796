from pathlib import Path

import pytest

from keepwell.data.sources import delimited, open_source
from keepwell.data.sources.dialect import find_delimiter


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1,5;2,5\n", ";"),
        ("a\tb\n1,5\t2\n", "\t"),
        ("a|b|c\n1|2|3\n", "|"),
        ('label,text\nham,"one; two; three"\nspam,four\n', ","),
        ("only\n1\n2\n", ","),
        ('"a;b",c\n"x;y",2\n', ","),
    ],
)
def test_the_delimiter_gives_every_row_as_many_values_as_the_first(
    text: str, delimiter: str
) -> None:
    assert find_delimiter(text) == delimiter


def test_a_sample_holds_rows_of_the_start_the_middle_and_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "_HEAD", 4096)
    monkeypatch.setattr(delimited, "_PIECE", 1024)
    (tmp_path / "f.csv").write_text("n,x\n" + "".join(f"{n},abc\n" for n in range(10_000)))
    sample = open_source("f.csv", tmp_path).sample()
    numbers = [int(value) for value in sample.table["c0"].to_pylist()]
    assert not sample.complete
    assert numbers[0] == 0
    assert any(4000 < number < 6000 for number in numbers)
    assert numbers[-1] == 9999
    assert sample.expected == pytest.approx(10_000, rel=0.15)


def test_a_piece_that_begins_inside_a_quoted_value_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "_HEAD", 4096)
    monkeypatch.setattr(delimited, "_PIECE", 1024)
    prose = "\n".join(["a line, with a comma"] * 20)
    (tmp_path / "f.csv").write_text(
        "n,x\n" + "".join(f"{n},abc\n" for n in range(600)) + f'1,"{prose}"\n'
    )
    table = open_source("f.csv", tmp_path).sample().table
    assert set(table["c1"].to_pylist()) == {"abc"}


def test_a_small_file_is_its_own_sample(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("n,x\n1,a\n2,b")
    sample = open_source("f.csv", tmp_path).sample()
    assert sample.complete
    assert sample.table.to_pydict() == {"c0": ["1", "2"], "c1": ["a", "b"]}


def test_lines_are_counted_through_quoted_line_breaks(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text('"a\nb",c\n1,"x\ny"\n\n2,z\n3,w\n')
    file = open_source("f.csv", tmp_path).files[0]
    assert [file.line_of(row) for row in range(4)] == [3, 6, 7, None]


def test_each_file_of_a_set_gives_to_the_sample(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / f"{name}.csv").write_text(f"n,x\n1,{name}\n")
    (tmp_path / "b.csv").write_text("x,n\nb,1\n")
    sample = open_source("*.csv", tmp_path).sample()
    assert sample.complete
    assert sample.table.to_pydict() == {"c0": ["1", "1", "1"], "c1": ["a", "b", "c"]}
