import pyarrow as pa
import pytest

from keepwell.monitoring.kpis import Kpi, KpiPoint, ask, reached, verdict

TABLES = {"predictions": pa.table({"id": ["a", "b"], "prediction": ["1.5", "2.5"]})}


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("select sum(prediction::double) from predictions", 4.0),
        ("select count(*) from predictions", 2.0),
        ("select null", None),
        ("select id from predictions where false", None),
        ("select 'nan'::double", None),
    ],
)
def test_the_first_value_is_the_number(sql: str, value: float | None) -> None:
    assert ask(sql, TABLES) == (value, "")


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ("select id from predictions", "no number"),
        ("select nothing from predictions", "nothing"),
        ("drop table predictions", ""),
        ("copy predictions to '/tmp/stolen.csv'", ""),
        ("select * from read_csv('/etc/passwd')", ""),
        ("select count(*) from range(100000000) a, range(100000) b", "longer than"),
    ],
)
def test_what_is_no_question_is_refused(
    sql: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keepwell.monitoring.kpis.measuring.SECONDS", 0.3)
    value, why = ask(sql, TABLES)
    assert value is None
    assert why
    assert problem in why


def test_too_much_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keepwell.monitoring.kpis.measuring.MEMORY", 20 << 20)
    value, why = ask("select len(list(a.range || 'x')) from range(9000000) a", TABLES)
    assert value is None
    assert "memory" in why.lower()


def kpi(value: float | None, **fields: float) -> Kpi:
    point = KpiPoint(since=0, until=60, value=value, predictions=500, **fields)  # type: ignore[arg-type]
    return Kpi(name="revenue", target=100.0, points=(point,))


def test_a_missed_target_is_a_signal_in_words() -> None:
    signal = verdict(kpi(80.0), endpoint="shop", now=61, min_rows=100)
    assert signal is not None
    assert (signal.kind, signal.column, signal.value, signal.limit) == ("kpi", "revenue", 80, 100)
    assert signal.message == "`revenue` is 80, below its target of 100"


@pytest.mark.parametrize(
    ("found", "now", "rows"),
    [
        (kpi(120.0), 61, 100),
        (kpi(80.0), 30, 100),
        (kpi(80.0), 61, 1000),
        (kpi(80.0, maturity=0.4), 61, 100),
        (kpi(None), 61, 100),
        (Kpi(name="revenue", points=kpi(80.0).points), 61, 100),
    ],
    ids=["reached", "the period runs", "few rows", "outcomes to come", "no number", "no target"],
)
def test_nothing_is_said_where_nothing_is_decided(found: Kpi, now: float, rows: int) -> None:
    assert verdict(found, endpoint="shop", now=now, min_rows=rows) is None


def test_lower_may_be_better() -> None:
    cost = Kpi(name="cost", target=5.0, direction="lower")
    assert reached(cost, 4.0)
    assert not reached(cost, 6.0)
    assert reached(Kpi(name="free"), -1.0)
