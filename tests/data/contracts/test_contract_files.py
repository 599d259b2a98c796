import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keepwell.core.errors import ProjectFileError
from keepwell.core.records import ColumnType
from keepwell.data.contracts import ColumnRules, Contract, load_contract, render_contract

NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=64)
RULES = st.one_of(
    st.builds(
        ColumnRules,
        type=st.sampled_from([ColumnType.NUMBER, ColumnType.INTEGER]),
        nullable=st.booleans(),
        missing=st.none() | st.floats(0, 1),
        min=st.none() | NUMBERS,
        max=st.none() | NUMBERS,
        usual=st.none()
        | st.tuples(NUMBERS, NUMBERS).map(sorted).map(tuple).filter(lambda pair: pair[0] < pair[1]),
        unique=st.booleans(),
        format=st.sampled_from(["", "1.234,5"]),
    ),
    st.builds(
        ColumnRules,
        type=st.just(ColumnType.CATEGORY),
        values=st.lists(st.text(), max_size=4).map(tuple),
        closed=st.booleans(),
        pattern=st.text(max_size=10),
    ),
    st.builds(
        ColumnRules,
        type=st.just(ColumnType.DATETIME),
        min=st.just("2024-02-13"),
        max=st.just("2024-02-13 10:11"),
        format=st.just("%d.%m.%Y"),
    ),
)


@given(columns=st.dictionaries(st.text(max_size=30), RULES, max_size=4))
@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_written_contract_reads_back_the_same(
    tmp_path: Path, columns: dict[str, ColumnRules]
) -> None:
    path = tmp_path / "contract.yaml"
    source = "any\nsource"
    text = render_contract(Contract(columns=columns), name="d", rows=7, source=source)
    path.write_bytes(text.encode())
    if columns:
        assert load_contract(path).columns == columns


def test_a_name_of_any_length_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    columns = {
        "x" * 2000: ColumnRules(type=ColumnType.TEXT),
        "\ufeff\U0001f600": ColumnRules(type=ColumnType.TEXT),
    }
    path.write_text(render_contract(Contract(columns=columns), name="d", rows=1, source="s"))
    assert load_contract(path).columns == columns


def test_words_that_yaml_would_bend_stay_words(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("columns:\n  x: {type: category, values: [Yes, No, on, null, 1.0, ~]}\n")
    assert load_contract(path).columns["x"].values == ("Yes", "No", "on", "null", "1.0", "~")
    written = render_contract(load_contract(path), name="d", rows=1, source="s")
    assert yaml.safe_load(written)["columns"]["x"]["values"][:2] == ["Yes", "No"]


@pytest.mark.parametrize(
    ("rules", "line", "words"),
    [
        ("type: number\n    nulable: false", 4, ["no rule 'nulable'", "nullable"]),
        ("type: numbr", 3, ["no type 'numbr'", "number"]),
        ("nullable: false", 2, ["'x' has no type"]),
        ("type: number\n    nullable: maybe", 4, ["true or false"]),
        ("type: number\n    missing: 12", 4, ["between 0 and 1"]),
        ("type: number\n    usual: [5, 1]", 4, ["[low, high]"]),
        ("type: number\n    usual: 5", 4, ["`usual`"]),
        ("type: number\n    min: low", 4, ["write a number, or a date"]),
        ("type: number\n    min: nan", 4, ["NaN"]),
        ("type: category\n    min: 5", 4, ["a category has no order"]),
        ("type: category\n    values: red", 4, ["write a list"]),
        ("type: number\n    type: text: 5", 4, ["not YAML"]),
    ],
)
def test_a_complaint_names_the_line_and_the_way_out(
    tmp_path: Path, rules: str, line: int, words: list[str]
) -> None:
    path = tmp_path / "contract.yaml"
    path.write_text(f"columns:\n  x:\n    {rules}\n")
    with pytest.raises(ProjectFileError) as caught:
        load_contract(path)
    assert f"contract.yaml, line {line}" in caught.value.what
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize("text", ["", "[]", "columns: 5", "colums: {}", "columns: {}\nmore: 1"])
def test_something_else_is_no_contract(tmp_path: Path, text: str) -> None:
    path = tmp_path / "contract.yaml"
    path.write_text(text)
    with pytest.raises(ProjectFileError):
        load_contract(path)


def test_the_file_of_an_ingest_explains_itself(world: Any) -> None:
    world.write(
        "f.csv",
        "x,color\n" + "".join(f"{n % 10},{'red' if n % 2 else 'blue'}\n" for n in range(200)),
    )
    world.ingest("f.csv")
    text = (world.root / "d.yaml").read_text()
    assert text.startswith("# The contract of 'd'")
    assert "Written from 200 rows of f.csv" in text
    assert "usual: [0, 9]" in text
    assert "values: [blue, red]" in text


def test_the_guide_tells_every_rule() -> None:
    guide = (Path(__file__).parents[3] / "docs/how-to/bring-your-data.md").read_text()
    table = guide.partition("| rule | a batch is refused if |")[2].partition("\n\n")[0]
    told = [
        name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])
    ]
    assert told == [field.name for field in dataclasses.fields(ColumnRules)]
