import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from keepwell.core.errors import UsageError
from keepwell.infrastructure.tables import query

ROWS = pa.table({"city": ["Oslo", "Rome", "Oslo"], "sales": [1, 2, 3]})


def test_tables_and_datasets_are_asked_by_name() -> None:
    answer = query(
        "select city, sum(sales) as total from t join d using (city) group by all order by city",
        {"t": ROWS, "d": ds.dataset(ROWS.select(["city"]).slice(0, 2))},
    )
    assert answer.to_pydict() == {"city": ["Oslo", "Rome"], "total": [4, 2]}


def test_a_table_may_have_any_name() -> None:
    assert query('select count(*) as n from "a ""b"" 🐋"', {'a "b" 🐋': ROWS}).to_pydict() == {
        "n": [3]
    }


@pytest.mark.parametrize(
    "sql",
    [
        "selec 1",
        "select nothing from t",
        "select * from unknown",
        "select 1/",
        "",
        "select * from ROWS",
        "select * from '/etc/passwd'",
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/passwd')",
        "select * from glob('/*')",
        "copy t to '/tmp/keepwell-should-not-be'",
        "attach '/tmp/keepwell-should-not-be.db'",
        "install httpfs",
        "load '/tmp/x.so'",
        "set enable_external_access = true",
        "set threads = 1",
        "export database '/tmp/keepwell-should-not-be'",
    ],
)
def test_wrong_sql_and_every_way_out_are_refused(sql: str) -> None:
    with pytest.raises(UsageError) as refusal:
        query(sql, {"t": ROWS})
    assert refusal.value.why
    assert refusal.value.details == {"sql": sql}
    assert refusal.value.now == "tables that can be asked: t"


def test_a_query_cannot_change_what_it_was_given() -> None:
    with pytest.raises(UsageError):
        query("delete from t", {"t": ROWS})
    assert ROWS.num_rows == 3
