"""Alerts of other systems become signals, change as told, and end."""

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from elsewhere_world import NAME, NOW, watching
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.clock import ManualClock
from keepwell.core.errors import InvalidDataError, KeepwellError, NotFoundError, UsageError
from keepwell.core.records.notice import Notice
from keepwell.operations.inbound.forms import FORMS
from keepwell.operations.inbound.notices import STALE
from keepwell.operations.inbound.signing import SECRET, UnsignedError, check_signature
from keepwell.workspace import Workspace

ALERTMANAGER: dict[str, Any] = {
    "version": "4",
    "status": "firing",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "HighLatency", "severity": "critical", "endpoint": NAME},
            "annotations": {"summary": "p95 is 2 s"},
            "startsAt": "2027-01-15T07:59:00.000Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus/graph",
            "fingerprint": "c4a7",
        },
        {
            "status": "firing",
            "labels": {"alertname": "DiskFull", "severity": "warning", "instance": "web-1:9100"},
            "annotations": {"description": "3% left"},
            "startsAt": "2027-01-15T07:58:00Z",
        },
    ],
}
DATADOG: dict[str, Any] = {
    "alert_id": "77",
    "title": "[Triggered] Errors on credit",
    "transition": "Triggered",
    "type": "error",
    "priority": "P2",
    "tags": f"env:prod,endpoint:{NAME}",
    "date": int(NOW * 1000),
    "url": "https://app.datadoghq.eu/event",
}
PAGERDUTY: dict[str, Any] = {
    "event": {
        "event_type": "incident.triggered",
        "occurred_at": "2027-01-15T07:59:00Z",
        "data": {
            "id": "PGR0VU2",
            "title": "A little bump",
            "urgency": "high",
            "service": {"summary": NAME},
            "html_url": "https://acme.pagerduty.com/incidents/PGR0VU2",
            "created_at": "2027-01-15T07:50:00Z",
        },
    }
}
GENERIC = {"title": "Feature store is late", "severity": "warning", "endpoint": NAME}
BODIES: dict[str, dict[str, Any]] = {
    "alertmanager": ALERTMANAGER,
    "datadog": DATADOG,
    "pagerduty": PAGERDUTY,
    "generic": GENERIC,
}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def workspace(tmp_path: Path, clock: ManualClock) -> Iterator[Workspace]:
    with watching(tmp_path / "shop", clock) as workspace:
        yield workspace


def test_every_form_has_an_example() -> None:
    assert BODIES.keys() == FORMS.keys()


@pytest.mark.parametrize(
    ("source", "severity", "title"),
    [
        ("alertmanager", 0.9, "HighLatency"),
        ("datadog", 0.8, "[Triggered] Errors on credit"),
        ("pagerduty", 0.9, "A little bump"),
        ("generic", 0.6, "Feature store is late"),
    ],
)
def test_an_alert_that_names_an_endpoint_is_a_signal_there(
    workspace: Workspace, source: str, severity: float, title: str
) -> None:
    workspace.notices.tell(source, BODIES[source])
    (signal,) = workspace.notices.signals(NAME)
    assert (signal.kind, signal.severity, signal.column) == ("external", severity, title)
    assert signal.message.startswith(f"{source} says {title}")
    assert workspace.notices.signals("shop") == ()


def test_one_about_the_machine_is_what_happened_around_all(workspace: Workspace) -> None:
    workspace.notices.tell("alertmanager", ALERTMANAGER)
    (happening,) = workspace.notices.happenings()
    assert happening.kind == "external"
    assert happening.what == "alertmanager says DiskFull on web-1: 3% left"
    assert happening.time == NOW - 120


OVER: list[tuple[str, Mapping[str, Any]]] = [
    ("alertmanager", {"alerts": [{**one, "status": "resolved"} for one in ALERTMANAGER["alerts"]]}),
    ("datadog", {**DATADOG, "transition": "Recovered"}),
    ("pagerduty", {"event": {**PAGERDUTY["event"], "event_type": "incident.resolved"}}),
    ("generic", {**GENERIC, "resolved": True}),
]


@pytest.mark.parametrize(("source", "over"), OVER, ids=[source for source, _ in OVER])
def test_it_ends_when_told(workspace: Workspace, source: str, over: Mapping[str, Any]) -> None:
    assert workspace.notices.tell(source, over) == []  # over before anything was known of it
    for _ in range(2):
        workspace.notices.tell(source, BODIES[source])
        assert len(workspace.notices.signals(NAME)) == 1
    workspace.notices.tell(source, over)
    assert workspace.notices.firing() == []


def test_it_ends_when_nobody_tells_it_any_more(workspace: Workspace, clock: ManualClock) -> None:
    workspace.notices.tell("generic", GENERIC)
    clock.advance(STALE + 1)
    assert workspace.notices.signals(NAME) == ()


def test_the_loop_sees_it(workspace: Workspace) -> None:
    from keepwell.operations.serving.retraining_jobs import RetrainingJobs
    from keepwell.operations.serving.sight import Sight

    jobs = RetrainingJobs(workspace.metadata, workspace.home, ["false"])
    sight = Sight(
        workspace.bench,
        predictions=workspace.predictions,
        measurements=workspace.measurements,
        incidents=workspace.incidents,
        jobs=jobs,
        collect=lambda: None,
        workers=lambda: [],
    )
    workspace.notices.tell("alertmanager", ALERTMANAGER)
    view = sight.view(NAME)
    assert view is not None
    assert [signal.kind for signal in view.signals] == ["external"]
    assert "external" in {one.kind for one in view.happenings}
    assert view.policy.retrainable == frozenset()  # served elsewhere: never retrained by itself
    report = workspace.report(NAME)
    assert report is not None
    assert report["signals"][0]["message"] == "alertmanager says HighLatency: p95 is 2 s"
    jobs.close()


@pytest.mark.parametrize(
    ("source", "body", "what"),
    [
        ("alertmanager", {}, "'alerts' is no list of alerts"),
        ("alertmanager", {"alerts": [{"status": "firing"}]}, r"alerts\[0\] is no alert"),
        ("alertmanager", {"alerts": [{}] * 1001}, "1,001 alerts"),
        ("datadog", {"title": "x"}, "no alert of Datadog"),
        ("pagerduty", {"messages": []}, "no event of PagerDuty"),
        ("pagerduty", {"event": {"event_type": "incident.triggered", "data": {}}}, "has no id"),
        ("generic", {}, "without a title"),
        ("generic", {"title": "x", "severity": 7}, "the severity is 7"),
        ("generic", {"titel": "x"}, "has no 'titel'"),
    ],
)
def test_what_is_no_alert_is_refused(
    workspace: Workspace, source: str, body: dict[str, Any], what: str
) -> None:
    with pytest.raises(KeepwellError, match=what) as refusal:
        workspace.notices.tell(source, body)
    assert 400 <= refusal.value.http_status < 500
    assert refusal.value.now
    assert workspace.notices.firing() == []


def test_a_ping_of_pagerduty_is_taken(workspace: Workspace) -> None:
    body = {"event": {"event_type": "pagey.ping", "data": {"message": "hello"}}}
    assert workspace.notices.tell("pagerduty", body) == []
    with pytest.raises(NotFoundError, match="no system is called 'nagios'"):
        workspace.notices.tell("nagios", {})


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def _read(source: str, body: dict[str, Any]) -> list[Notice]:
    try:
        return FORMS[source](body, NOW)
    except (InvalidDataError, UsageError):
        return []


@settings(max_examples=60, deadline=None)
@given(data=st.data(), source=st.sampled_from(sorted(FORMS)))
def test_whatever_is_posted_is_read_or_refused(data: st.DataObject, source: str) -> None:
    body = data.draw(st.dictionaries(st.sampled_from(sorted(BODIES[source])), ANYTHING, max_size=4))
    for one in _read(source, {**BODIES[source], **body}):
        assert one.title
        assert one.alert
        assert 0 <= one.severity <= 1
        assert one.began > 0


def test_a_signature_is_that_of_the_body(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET, "old,new")
    body = b'{"event": {}}'
    good = hmac.new(b"new", body, hashlib.sha256).hexdigest()
    check_signature({"x-pagerduty-signature": f"v1=00,v1={good}"}, body)
    check_signature({"x-keepwell-signature": f"sha256={good}"}, body)
    check_signature({"authorization": "Bearer kw_x"}, body, allowed=lambda token: token == "kw_x")
    for headers in (
        {},
        {"x-pagerduty-signature": "v1=00"},
        {"x-keepwell-signature": "é"},
        {"x-keepwell-signature": ""},
        {"authorization": "Bearer kw_y"},
    ):
        with pytest.raises(UnsignedError):
            check_signature(headers, body)
    monkeypatch.delenv(SECRET)
    check_signature({}, body)
    for signature in (f"v1={good}", ""):  # an empty one has spared its sender the token
        with pytest.raises(UnsignedError, match="no secret"):
            check_signature({"x-pagerduty-signature": signature}, body)


def test_a_list_is_all_or_nothing(workspace: Workspace) -> None:
    with pytest.raises(InvalidDataError):
        workspace.notices.tell("generic", {"alerts": [GENERIC, {"title": ""}]})
    assert workspace.notices.firing() == []
