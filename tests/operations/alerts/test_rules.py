"""What each kind of rule finds in a reading that is written down by hand."""

from dataclasses import replace
from pathlib import Path

import pytest

from keepwell.core.alerting import AlertsSpec, RuleSpec
from keepwell.core.ports import Point
from keepwell.core.records import Hit, Incident, Signal
from keepwell.operations.alerts.reading import Line, Machine, Reading
from keepwell.operations.alerts.rules import rules_of

NOW = 100_000.0
CHURN = "endpoint:churn"


def found(spec: RuleSpec, reading: Reading, root: Path = Path()) -> list[Hit]:
    (rule,) = rules_of(AlertsSpec(rules=(spec,), builtin=False), root)
    return list(rule.find(reading))


def line(name: str, *values: float, every: float = 60.0, last: float = NOW) -> Line:
    first = last - every * (len(values) - 1)
    return tuple(Point(name, first + at * every, value) for at, value in enumerate(values))


def reading(name: str, points: Line, subject: str = CHURN) -> Reading:
    return Reading(now=NOW, endpoints=("churn",), series={subject: {name: points}})


SLOW = RuleSpec(name="slow", metric="p95", above=200.0, lasting=300.0, severity="critical")


@pytest.mark.parametrize(
    ("values", "fires"),
    [
        ([250] * 7, True),
        ([100, 250, 250, 250, 250, 250, 250], True),
        ([250, 250, 250, 100, 250, 250, 250], False),
        ([250, 250, 250, 250, 250, 250, 100], False),
        ([200] * 7, False),
        ([], False),
    ],
)
def test_a_threshold_must_last(values: list[float], fires: bool) -> None:
    hits = found(SLOW, reading("p95", line("p95", *values)))
    assert [one.severity for one in hits] == (["critical"] if fires else [])


def test_a_threshold_says_what_and_since_when_and_forgets_old_news() -> None:
    (one,) = found(SLOW, reading("p95", line("p95", *[250.0] * 7)))
    assert one.message == "p95 of churn is 250, above 200 for 6m"
    assert one.since == NOW - 360
    assert found(SLOW, reading("p95", line("p95", *[250.0] * 7, last=NOW - 700))) == []
    below = replace(SLOW, above=None, below=1.0, lasting=0.0)
    assert found(below, reading("p95", line("p95", 0.5)))[0].value == 0.5


@pytest.mark.parametrize(
    ("before", "now", "spec", "fires"),
    [
        (10.0, 4.0, {"falls": 0.5}, True),
        (10.0, 6.0, {"falls": 0.5}, False),
        (10.0, 16.0, {"rises": 0.5}, True),
        (10.0, 14.0, {"rises": 0.5}, False),
        (0.0, 0.0, {"rises": 0.5}, False),
        (-10.0, -16.0, {"falls": 0.5}, True),
    ],
)
def test_a_comparison_looks_at_the_same_time_before(
    before: float, now: float, spec: dict[str, float], fires: bool
) -> None:
    rule = RuleSpec(name="moved", metric="r", against=86400.0, lasting=300.0, **spec)  # type: ignore[arg-type]
    points = (*line("r", *[before] * 5, last=NOW - 86400.0), *line("r", *[now] * 5))
    assert bool(found(rule, reading("r", points))) is fires
    assert found(rule, reading("r", line("r", now))) == [], "without a past nothing moved"


def test_absence_is_missed_only_where_something_was() -> None:
    rule = RuleSpec(name="silent", metric="r", absent=600.0)
    assert found(rule, reading("r", line("r", 1.0, last=NOW - 300))) == []
    (one,) = found(rule, reading("r", line("r", 1.0, last=NOW - 900)))
    assert one.message == "r of churn has not been measured for 15m"
    assert found(rule, reading("r", ())) == []


def signal(kind: str, endpoint: str = "churn", **more: object) -> Signal:
    base = Signal(
        kind=kind, endpoint=endpoint, version=1, value=0.4, limit=0.1, severity=0.9, message=kind
    )
    return replace(base, **more)  # type: ignore[arg-type]


def test_signals_are_found_by_kind_endpoint_and_size() -> None:
    seen = Reading(now=NOW, signals=(signal("drift", column="age"), signal("cost", endpoint="")))
    assert [one.subject for one in found(RuleSpec(name="d", signal="drift"), seen)] == [
        "endpoint:churn/age"
    ]
    assert len(found(RuleSpec(name="d", signal="any"), seen)) == 2
    assert found(RuleSpec(name="d", signal="drift", above=0.5), seen) == []
    assert found(RuleSpec(name="d", signal="drift", endpoint="other"), seen) == []


def test_the_builtin_rules_need_no_project_file() -> None:
    incident = Incident(
        id="i1", endpoint="churn", title="Performance fell", signals=(signal("performance"),)
    )
    seen = Reading(
        now=NOW,
        signals=(signal("resource", endpoint=""), signal("drift")),
        incidents=(incident, Incident(id="i2", endpoint="", title="of the machine")),
        machine=Machine(disk_free=0.02, disk_bytes=1e9, wanted=2, answering=0),
    )
    hits = [one for rule in rules_of(AlertsSpec(), Path()) for one in rule.find(seen)]
    assert [(one.rule, one.severity, one.act) for one in hits] == [
        ("incident", "critical", ""),
        ("signals", "critical", "incident"),
        ("workers", "critical", "incident"),
        ("disk", "critical", "incident"),
    ]
    well = replace(
        seen,
        signals=(),
        incidents=(),
        machine=Machine(disk_free=0.08, disk_bytes=80e9, wanted=2, answering=2),
    )
    assert [one for rule in rules_of(AlertsSpec(), Path()) for one in rule.find(well)] == []


def test_a_rule_in_python_yields_sentences(tmp_path: Path) -> None:
    (tmp_path / "checks.py").write_text(
        "def late(reading):\n"
        "    for name in reading.endpoints:\n"
        "        yield f'{name} is late'\n"
        "def broken(reading):\n"
        "    return 1 / 0\n"
    )
    seen = Reading(now=NOW, endpoints=("churn",))
    rule = RuleSpec(name="late", python="checks.py:late", severity="info")
    (one,) = found(rule, seen, tmp_path)
    assert (one.message, one.severity, one.subject) == ("churn is late", "info", "rule:late")
    (one,) = found(replace(rule, python="checks.py:broken"), seen, tmp_path)
    assert "failed: ZeroDivisionError" in one.message
    (one,) = found(replace(rule, python="checks.py:nothing"), seen, tmp_path)
    assert "has no function 'nothing'" in one.message
    (one,) = found(replace(rule, python="../checks.py:late"), seen, tmp_path / "inner")
    assert "there is no file" in one.message
