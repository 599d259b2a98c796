"""What the words of `when` mean, and that the signs between them obey the laws of logic."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.records import Cause, Incident, Intervention
from keepwell.core.rules import WORDS
from keepwell.operations.loop.conditions import Condition, condition_of
from keepwell.operations.loop.load import Load
from keepwell.operations.loop.view import Happening, Look, View
from keepwell.testing.loop_world import LoopWorld, make_signal

NOW = 1_000_000.0
_PARTS = st.sampled_from(
    ["drift", "drift(age)", "latency", "load.high", "load.low", "recent_deploy(2h)", "rollout",
     "error_rate > 5%", "metric:accuracy < 0.8", "starved", "incident(1h)", "cause(host)"]
)  # fmt: skip


def seen(**change: Any) -> View:
    """Return a view at `NOW` whose newest look shows what is changed."""
    look = Look(time=NOW, version=1, rows=500)
    names = {"signals", "measures", "load"}
    look = replace(look, **{name: value for name, value in change.items() if name in names})
    view = replace(LoopWorld(start=NOW).view(), looks=(look,))
    return replace(view, **{name: value for name, value in change.items() if name not in names})


_VIEWS = st.builds(
    lambda signals, load, rate, deployed, starved: seen(
        signals=tuple(make_signal(kind, column) for kind, column in signals),
        load=Load(rate=load, capacity=100.0),
        measures={"error_rate": rate},
        last_deployment=deployed,
        happenings=(Happening(time=NOW, kind="machine", what="short of cpu"),) if starved else (),
    ),
    st.lists(st.sampled_from([("drift", "age"), ("drift", "income"), ("latency", "")]), max_size=2),
    st.sampled_from([5.0, 50.0, 95.0]),
    st.sampled_from([0.0, 0.5]),
    st.sampled_from([None, NOW - 60, NOW - 90_000]),
    st.booleans(),
)


def holds(condition: Condition, view: View) -> bool:
    finding = condition.check(view, NOW)
    assert finding.reason
    return finding.holds


@settings(max_examples=60, deadline=None)
@given(_PARTS, _PARTS, _PARTS, _VIEWS)
def test_the_signs_obey_logic(a: str, b: str, c: str, view: View) -> None:
    def told(text: str) -> bool:
        return holds(condition_of(text), view)

    assert told(f"{a} & {b}") == (told(a) and told(b))
    assert told(f"{a} | {b}") == (told(a) or told(b))
    assert told(f"~{a}") != told(a)
    assert told(f"~({a} & {b})") == told(f"~{a} | ~{b}")
    assert told(f"~({a} | {b})") == told(f"~{a} & ~{b}")
    assert told(f"{a} & ({b} | {c})") == told(f"{a} & {b} | {a} & {c}")
    assert told(f"{a} | {b} & {c}") == told(f"({a} | {b}) & ({a} | {c})")


@pytest.mark.parametrize("word", sorted(WORDS))
def test_every_word_has_a_meaning(word: str) -> None:
    about = {"cause": "(host)", "hours": "(mon-fri)"}.get(WORDS[word].about, "")
    text = word + (about if WORDS[word].needed else "")
    assert condition_of(text).check(seen(), NOW).reason


@pytest.mark.parametrize(
    ("text", "change", "expected"),
    [
        ("drift", {"signals": (make_signal("drift", "age"),)}, True),
        ("drift", {"signals": (make_signal("drift", "age", version=7),)}, False),
        ("drift(age)", {"signals": (make_signal("drift", "income"),)}, False),
        ("signal", {"signals": (make_signal("kpi"),)}, True),
        ("alert", {"signals": (make_signal("alert_retrain", version=0),)}, True),
        ("load.high", {"load": Load(rate=80, capacity=100)}, True),
        ("load.high", {"load": Load(rate=30, capacity=100, usual=15)}, True),
        ("load.normal", {"load": Load(rate=30, capacity=100, usual=20)}, True),
        ("load.low", {"load": Load(rate=20, capacity=100)}, True),
        ("load.low", {"load": Load(rate=0, capacity=None)}, True),
        ("load.low", {"load": Load(rate=4, usual=10)}, True),
        ("load.normal", {"load": Load(rate=4)}, False),
        ("recent_deploy", {"last_deployment": NOW - 3599}, True),
        ("recent_deploy", {"last_promotion": NOW - 10}, True),
        ("recent_deploy(2h)", {"last_deployment": NOW - 7201}, False),
        ("recent_promotion", {"last_deployment": NOW - 10}, False),
        ("recent_promotion(1d)", {"last_promotion": NOW - 7200}, True),
        ("latency_p95_ms > 200", {"measures": {"latency_p95_ms": 201.0}}, True),
        ("latency_p95_ms > 200", {}, False),
        ("latency_p95_ms <= 200", {}, False),
        ("drift:age >= 0.3", {"measures": {"drift:age": 0.3}}, True),
        ("rows == 500 & labels != 3", {"labels": 4}, True),
        ("load > 0.5", {"load": Load(rate=60, capacity=100)}, True),
        ("time(mon 13:00-14:00)", {}, True),  # NOW is Monday, 1970-01-12 13:46:40
        ("time(tue)", {}, False),
        ("enough_labels", {"labels": 100}, True),
        ("starved", {"happenings": (Happening(time=NOW, kind="machine", what="cpu"),)}, True),
    ],
)
def test_words_mean_what_the_reference_says(
    text: str, change: dict[str, Any], expected: bool
) -> None:
    assert holds(condition_of(text), seen(**change)) is expected


def _remembering(**records: Any) -> View:
    view = seen()
    return replace(view, memory=replace(view.memory, **records))


def test_an_incident_is_open_for_some_time() -> None:
    view = _remembering(incident=Incident(id="1", endpoint="churn", title="x", opened=NOW - 3600))
    assert holds(condition_of("incident & incident(1h)"), view)
    assert not holds(condition_of("incident(61m)"), view)


def test_the_likeliest_cause_counts() -> None:
    causes = (
        Cause(title="a", score=0.9, evidence="", kind="upstream"),
        Cause(title="b", score=0.5, evidence="", kind="host"),
    )
    view = _remembering(incident=Incident(id="1", endpoint="churn", title="x", causes=causes))
    assert holds(condition_of("cause(upstream)"), view)
    assert not holds(condition_of("cause(host)"), view)


def test_the_cause_of_signals_is_found_without_an_incident() -> None:
    view = seen(
        signals=(make_signal("latency", version=0),),
        happenings=(Happening(time=NOW, kind="machine", what="short of cpu"),),
    )
    assert holds(condition_of("cause(host)"), view)


@pytest.mark.parametrize(
    ("status", "expected"),
    [("watching", True), ("acting", True), ("proposed", False), ("kept", False)],
)
def test_an_intervention_is_in_force(status: str, expected: bool) -> None:
    one = Intervention(id="a", endpoint="churn", playbook="scale", reason="x", status=status)
    assert holds(condition_of("intervention"), _remembering(interventions=(one,))) is expected
