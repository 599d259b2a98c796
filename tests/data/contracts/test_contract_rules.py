"""What a real next batch looks like, and what must be caught."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from keepwell.core.errors import ContractError, ProjectFileError
from keepwell.data.contracts.clauses import far_limits

COLORS = np.asarray(["red", "green", "blue"])
SIZES = np.asarray(["small", "large"])


def batch(rows: int, seed: int, **changed: Any) -> pa.Table:
    """Return rows of a shop: normal ones, unless a column is given otherwise."""
    random = np.random.default_rng(seed)
    columns: dict[str, Any] = {
        "order": [f"A-{seed}-{n}" for n in range(rows)],
        "age": random.integers(18, 91, rows),
        "price": np.round(random.lognormal(3, 1, rows), 2),
        "warmth": np.round(random.normal(15, 8, rows), 1),
        "color": COLORS[random.integers(0, 3, rows)],
        "size": SIZES[random.integers(0, 2, rows)],
        "note": [None if n % 50 == 0 else f"note {n % 7}" for n in range(rows)],
    }
    return pa.table({**columns, **changed})


def csv(table: pa.Table) -> str:
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    body = "".join(",".join("" if v is None else str(v) for v in row) + "\n" for row in rows)
    return ",".join(table.column_names) + "\n" + body


@pytest.fixture
def shop(world: Any) -> Any:
    world.write("first.csv", csv(batch(2000, seed=1)))
    world.ingest("first.csv")
    return world


def refused(shop: Any, table: pa.Table) -> dict[str, Any]:
    """Return the one breach that the batch is refused for."""
    shop.write("next.csv", csv(table))
    with pytest.raises(ContractError) as caught:
        shop.ingest("next.csv")
    assert len(shop.datasets.versions("d")) == 1
    (breach,) = caught.value.details["breaches"]
    return dict(breach)


def findings(shop: Any, table: pa.Table) -> dict[str, str]:
    shop.write("next.csv", csv(table))
    return {found.column: found.message for found in shop.ingest("next.csv").findings}


@pytest.mark.parametrize("rows", [1, 5, 60, 500, 5000])
@pytest.mark.parametrize("seed", [2, 3])
def test_a_normal_next_batch_passes_without_a_word(shop: Any, rows: int, seed: int) -> None:
    assert findings(shop, batch(rows, seed)) == {}


def test_another_unit_is_refused(shop: Any) -> None:
    table = batch(500, 2)
    for column, factor in (("age", 12), ("price", 100), ("age", 0.01), ("warmth", 1000)):
        values = np.asarray(table[column].to_pylist()) * factor
        if column == "age" and factor < 1:
            values = np.ceil(values).astype(int)
        breach = refused(shop, batch(500, 2, **{column: values}))
        assert (breach["rule"], breach["column"]) == ("usual", column)
        assert "another unit" in breach["message"]


def test_degrees_fahrenheit_are_reported(shop: Any) -> None:
    warmth = np.asarray(batch(500, 2)["warmth"].to_pylist()) * 1.8 + 32
    assert "usual range" in findings(shop, batch(500, 2, warmth=np.round(warmth, 1)))["warmth"]


def test_a_season_passes(shop: Any) -> None:
    warmth = np.asarray(batch(500, 2)["warmth"].to_pylist()) + 12
    assert list(findings(shop, batch(500, 2, warmth=warmth))) == ["warmth"]


def test_shifted_columns_are_refused(shop: Any) -> None:
    table = batch(500, 2)
    shop.write(
        "next.csv", csv(batch(500, 2, color=table["size"], size=table["note"], note=table["color"]))
    )
    with pytest.raises(ContractError) as caught:
        shop.ingest("next.csv")
    found = {(item["rule"], item["column"]) for item in caught.value.details["breaches"]}
    assert ("nullable", "size") in found
    assert {("values", "color"), ("values", "size")} <= found


def test_one_column_of_new_categories_is_reported(shop: Any) -> None:
    message = findings(shop, batch(500, 2, color=["mauve"] * 500))["color"]
    assert message == "500 rows have a category that is not among `values`: 'mauve'"


def test_half_missing_is_refused(shop: Any) -> None:
    half = [None if n % 2 else f"note {n % 7}" for n in range(500)]
    breach = refused(shop, batch(500, 2, note=half))
    assert (breach["rule"], breach["column"], breach["count"]) == ("missing", "note", 250)


def test_some_more_missing_passes(shop: Any) -> None:
    some = [None if n % 10 == 0 else f"note {n % 7}" for n in range(500)]
    assert findings(shop, batch(500, 2, note=some)) == {}


def test_a_missing_value_where_none_was_is_refused_with_its_line(shop: Any) -> None:
    ages = [None if n in (7, 20) else 30 + n % 30 for n in range(100)]
    breach = refused(shop, batch(100, 2, age=pa.array(ages, pa.int64())))
    assert (breach["rule"], breach["count"]) == ("nullable", 2)
    assert [place["line"] for place in breach["places"]] == [9, 22]


def test_another_type_is_refused_with_its_lines(shop: Any) -> None:
    ages = ["30"] * 100
    ages[4] = "thirty"
    breach = refused(shop, batch(100, 2, age=ages))
    assert (breach["rule"], breach["column"], breach["count"]) == ("type", "age", 1)
    assert (breach["places"][0]["line"], breach["places"][0]["value"]) == (6, "thirty")


def test_a_missing_column_is_refused_with_the_closest_name(shop: Any) -> None:
    table = batch(50, 2)
    renamed = table.rename_columns(["order", "age", "prize", "warmth", "color", "size", "note"])
    breach = refused(shop, renamed)
    assert (breach["rule"], breach["column"]) == ("column", "price")
    assert "did you mean 'prize'" in breach["message"]


def test_a_new_column_is_taken_in_and_reported(shop: Any) -> None:
    wider = batch(50, 2).append_column("extra", pa.array(range(50)))
    assert "not in the contract" in findings(shop, wider)["extra"]
    assert [column.name for column in shop.datasets.get("d").columns][-1] == "extra"


@pytest.mark.parametrize(
    ("rule", "broken", "count"),
    [
        ("age: {type: integer, max: 90}", {"age": [91, 30, 95]}, 2),
        ("age: {type: integer, min: 18}", {"age": [17, 30, 18]}, 1),
        (
            "color: {type: category, values: [red], closed: true}",
            {"color": ["red", "blue", "red"]},
            1,
        ),
        ("order: {type: identifier, pattern: 'A-[0-9]+'}", {"order": ["A-1", "B-2", "A-"]}, 2),
        ("order: {type: identifier, unique: true}", {"order": ["A", "B", "A"]}, 1),
        ("age: {type: integer, nullable: false}", {"age": pa.array([None, 1, 2], pa.int64())}, 1),
    ],
)
def test_a_rule_that_the_user_wrote_is_kept(
    world: Any, rule: str, broken: dict[str, Any], count: int
) -> None:
    world.write("d.yaml", f"columns:\n  {rule}\n")
    world.write("f.csv", csv(batch(3, 1, **broken)))
    with pytest.raises(ContractError) as caught:
        world.ingest("f.csv")
    (breach,) = caught.value.details["breaches"]
    assert breach["count"] == count
    assert breach["places"][0]["line"] is not None
    assert breach["rule"] in rule


def test_a_rule_on_dates_is_kept(world: Any) -> None:
    world.write("d.yaml", "columns:\n  day: {type: datetime, min: 2024-01-01}\n")
    world.write("f.csv", "day,x\n2024-02-13,1\n2023-12-31,2\n")
    with pytest.raises(ContractError, match="breaks 1 rule"):
        world.ingest("f.csv")


def test_a_pattern_that_is_none_is_refused_as_such(world: Any) -> None:
    world.write("d.yaml", "columns:\n  x: {type: category, pattern: '('}\n")
    world.write("f.csv", "x,y\na,1\n")
    with pytest.raises(ProjectFileError, match="pattern or a limit"):
        world.ingest("f.csv")


def test_the_contract_and_the_project_file_must_agree(world: Any) -> None:
    world.write("f.csv", "x,y\n1,1\n2,2\n")
    world.ingest("f.csv")
    with pytest.raises(ProjectFileError, match="the type of 'x' is category"):
        world.ingest("f.csv", types={"x": "category"})


def test_new_rows_are_not_hidden_behind_old_ones(shop: Any) -> None:
    first = batch(2000, seed=1)
    bad = batch(100, 2, age=np.full(100, 900))
    shop.write("first.csv", csv(pa.concat_tables([first, bad])))
    with pytest.raises(ContractError) as caught:
        shop.ingest("first.csv")
    (breach,) = caught.value.details["breaches"]
    assert breach["count"] == 100
    assert breach["places"][0]["line"] == 2002


def test_all_rows_are_checked_again_when_the_contract_was_changed(shop: Any) -> None:
    path = shop.root / "d.yaml"
    path.write_text(path.read_text().replace("type: integer", "type: integer\n    max: 40", 1))
    with pytest.raises(ContractError) as caught:
        shop.ingest("first.csv")
    assert caught.value.details["breaches"][0]["rule"] == "max"


def test_a_refusal_names_rule_count_and_rows_in_words(shop: Any) -> None:
    shop.write("next.csv", csv(batch(100, 2, age=[17 if n else None for n in range(100)])))
    with pytest.raises(ContractError) as caught:
        shop.ingest("next.csv")
    told = str(caught.value)
    assert "nothing of it was stored" in told
    assert "'age', nullable: 1 row lack" in told
    assert "(line 2 of next.csv: no value)" in told
    assert str(shop.root / "d.yaml") in told


def test_a_column_that_moves_with_the_rows_has_no_usual_range(world: Any) -> None:
    world.write("f.csv", "t,x\n" + "".join(f"{n + n % 3},{n % 7}\n" for n in range(1000)))
    world.ingest("f.csv")
    text = (world.root / "d.yaml").read_text()
    assert text.count("usual: [") == 1
    world.write("g.csv", "t,x\n" + "".join(f"{n},{n % 7}\n" for n in range(9000, 10000)))
    assert world.ingest("g.csv").findings == ()


def test_far_is_one_width_further_out_or_one_factor_below() -> None:
    assert far_limits(18, 90) == (3.6, 162)
    assert far_limits(-10, 40) == (-60, 90)
