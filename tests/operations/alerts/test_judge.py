"""What is told to whom, tick by tick, with a hand-moved clock."""

from dataclasses import dataclass, field, replace
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.alerting import AlertsSpec, ChannelSpec, EscalationSpec, RouteSpec
from keepwell.core.records import Alert, Delivery, Hit, Incident, Silence
from keepwell.operations.alerts.judge import judge

OPS = ChannelSpec(name="ops", kind="log")
PHONE = ChannelSpec(name="phone", kind="log")
SPEC = AlertsSpec(
    channels=(OPS, PHONE),
    routes=(RouteSpec(to=("ops",)),),
    escalate=(EscalationSpec(after=900.0, to=("phone",)),),
)


@dataclass
class Desk:
    """Alerts and messages so far, and a clock."""

    spec: AlertsSpec = SPEC
    now: float = 1000.0
    alerts: dict[str, Alert] = field(default_factory=dict)
    sent: list[Delivery] = field(default_factory=list)
    silences: list[Silence] = field(default_factory=list)
    incidents: dict[str, Incident] = field(default_factory=dict)
    ids: "count[int]" = field(default_factory=lambda: count(1))

    def look(self, *hits: Hit, after: float = 10.0) -> list[tuple[str, str]]:
        """Let time pass, judge, and return what was told to whom."""
        self.now += after
        judged = judge(
            list(self.alerts.values()),
            hits,
            silences=self.silences,
            incidents=self.incidents,
            spec=self.spec,
            now=self.now,
            identify=lambda: f"a{next(self.ids)}",
            url="http://127.0.0.1:4400",
        )
        self.alerts |= {one.id: one for one in judged.alerts}
        self.sent += judged.deliveries
        return [(one.channel, one.kind) for one in judged.deliveries]

    @property
    def one(self) -> Alert:
        (alert,) = self.alerts.values()
        return alert


def hit(rule: str = "slow", severity: str = "warning", **more: object) -> Hit:
    base = Hit(
        rule=rule,
        subject="endpoint:churn",
        endpoint="churn",
        message=f"{rule} it is",
        severity=severity,
    )
    return replace(base, **more)  # type: ignore[arg-type]  # each is of its field's type


def test_one_cause_is_told_once_and_its_end_too() -> None:
    desk = Desk()
    assert desk.look(hit()) == [], "it gathers what belongs to it first"
    assert desk.look(hit(), hit("errors")) == [("ops", "firing")]
    assert "slow it is" in desk.sent[0].body
    assert "errors it is" in desk.sent[0].body
    for _ in range(20):
        assert desk.look(hit(), hit("errors")) == []
    assert desk.look() == []
    assert desk.look(after=59.0) == []
    assert desk.look(after=2.0) == [("ops", "resolved")]
    assert desk.look(after=2.0) == []
    assert desk.one.status == "resolved"


def test_what_is_gone_before_it_was_told_is_never_told() -> None:
    desk = Desk()
    desk.look(hit())
    desk.look(after=5.0)
    assert desk.sent == []
    assert desk.one.status == "resolved"


def test_worse_news_is_told_at_once_and_takes_the_acknowledgement_back() -> None:
    desk = Desk()
    desk.look(hit())
    desk.look(hit())
    desk.alerts["a1"] = replace(desk.one, acknowledged=desk.now, acknowledged_by="user:ana")
    assert desk.look(hit(), hit("errors", "critical")) == [("ops", "worse")]
    assert desk.one.acknowledged is None
    assert desk.one.title == "errors it is"


def test_nobody_is_reminded_of_what_somebody_took_on() -> None:
    desk = Desk()
    desk.look(hit())
    desk.look(hit())
    assert desk.look(hit(), after=901.0) == [("phone", "escalation")]
    assert desk.look(hit(), after=14400.0) == [("ops", "reminder"), ("phone", "reminder")]
    desk.alerts["a1"] = replace(desk.one, acknowledged=desk.now)
    assert desk.look(hit(), after=50_000.0) == []
    assert desk.look() + desk.look(after=61.0) == [("ops", "resolved"), ("phone", "resolved")]


def test_an_acknowledged_incident_acknowledges_its_alert() -> None:
    desk = Desk()
    found = hit("incident", incident="i1")
    desk.incidents["i1"] = Incident(id="i1", endpoint="churn", title="t")
    desk.look(found)
    desk.look(found)
    taken = {"acknowledged": desk.now + 1, "acknowledged_by": "user:ana"}
    desk.incidents["i1"] = replace(desk.incidents["i1"], **taken)  # type: ignore[arg-type]
    assert desk.look(found, after=1000.0) == []
    assert desk.one.acknowledged_by == "user:ana"
    assert desk.sent[0].link == "http://127.0.0.1:4400/incidents/i1"


@pytest.mark.parametrize(("pause", "alerts"), [(600.0, 1), (7200.0, 2)])
def test_a_reopened_incident_is_told_anew_and_has_to_be_taken_on_anew(
    pause: float, alerts: int
) -> None:
    desk = Desk()
    found = hit("incident", subject="incident:i1", incident="i1")
    incident = Incident(id="i1", endpoint="churn", title="t")
    desk.incidents["i1"] = incident
    desk.look(found)
    assert desk.look(found) == [("ops", "firing")]
    taken = replace(incident, acknowledged=desk.now + 1, acknowledged_by="user:ana")
    desk.incidents["i1"] = taken
    assert desk.look(found, after=1000.0) == [], "somebody looks after it"
    assert desk.look() + desk.look(after=61.0) == [("ops", "resolved")]

    desk.incidents["i1"] = replace(taken, reopened=1, back=desk.now + pause)
    assert desk.look(found, after=pause) == []
    assert desk.look(found) == [("ops", "firing")]
    assert len(desk.alerts) == alerts, "within an hour it is the same one"
    newest = max(desk.alerts.values(), key=lambda one: one.id)
    assert newest.acknowledged is None, "that was said of the first time"
    assert desk.look(found, after=901.0) == [("phone", "escalation")]
    again = replace(desk.incidents["i1"], acknowledged=desk.now + 1)
    desk.incidents["i1"] = again
    assert desk.look(found, after=20_000.0) == []


def test_a_silence_is_followed_but_not_told_until_it_ends() -> None:
    desk = Desk()
    desk.silences = [Silence(id="s", reason="move", since=0.0, until=2000.0, endpoint="churn")]
    while desk.now < 1990.0:
        assert desk.look(hit()) == []
    assert desk.one.silenced == "s"
    assert desk.look(hit(), after=20.0) == [("ops", "firing")]
    assert desk.one.silenced == ""


def test_a_silence_of_one_rule_does_not_hide_another() -> None:
    desk = Desk()
    desk.silences = [Silence(id="s", reason="x", since=0.0, until=9e9, rule="slow")]
    desk.look(hit())
    assert desk.look(hit()) == []
    assert desk.look(hit(), hit("errors")) == [("ops", "firing")]


def test_what_is_only_ever_seen_for_a_moment_is_told_as_flapping() -> None:
    desk = Desk()
    kinds: list[str] = []
    for _ in range(6):
        kinds += [kind for _, kind in desk.look(hit())]
        kinds += [kind for _, kind in desk.look()]
    assert kinds == ["flapping"]


def test_what_comes_and_goes_is_damped() -> None:
    desk = Desk()
    kinds: list[str] = []
    for _ in range(12):
        for _ in range(3):
            kinds += [kind for _, kind in desk.look(hit())]
        for _ in range(8):
            kinds += [kind for _, kind in desk.look()]
    assert kinds.count("flapping") == 1
    assert kinds.index("flapping") == len(kinds) - 1, "and silence from then on"
    assert len(kinds) == 7
    assert len(desk.alerts) == 1
    for _ in range(70):
        kinds += [kind for _, kind in desk.look()]
    assert kinds[-1] == "resolved"


def test_a_rule_names_its_own_channels_and_the_first_route_counts() -> None:
    routes = (
        RouteSpec(to=("phone",), severity="critical"),
        RouteSpec(to=("ops", "phone"), endpoint="churn"),
    )
    desk = Desk(spec=replace(SPEC, routes=routes))
    other = hit("full", "critical", subject="disk", endpoint="")
    quiet = hit("calm", "info", subject="host", endpoint="")
    own = hit("mine", subject="x", endpoint="", to=("ops",))
    found = (hit(), other, own, quiet)
    desk.look(*found)
    desk.look(*found)
    told = {one.cause: one.told for one in desk.alerts.values()}
    assert told == {
        "endpoint:churn": ("ops", "phone"),
        "disk": ("phone",),
        "x": ("ops",),
        "host": ("log",),
    }


def test_without_any_channel_the_log_is_told() -> None:
    desk = Desk(spec=AlertsSpec())
    desk.look(hit())
    assert desk.look(hit()) == [("log", "firing")]


def test_a_clock_that_jumps_back_tells_nothing_twice() -> None:
    desk = Desk()
    desk.look(hit())
    desk.look(hit())
    assert desk.look(hit(), after=-500.0) == []
    assert desk.look(after=-100.0) == []
    assert desk.look(hit(), after=5.0) == []


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.sets(st.sampled_from(["slow", "errors"])), st.floats(-30, 4000)), max_size=25
    )
)
def test_the_same_is_judged_the_same_and_no_key_comes_twice(
    story: list[tuple[set[str], float]],
) -> None:
    desk, again = Desk(), Desk()
    for rules, after in story:
        hits = [hit(rule) for rule in sorted(rules)]
        assert desk.look(*hits, after=after) == again.look(*hits, after=after)
    keys = [one.id for one in desk.sent]
    assert len(keys) == len(set(keys))
    ends = sum(one.kind == "resolved" for one in desk.sent if one.channel == "ops")
    begins = sum(one.kind in ("firing", "flapping") for one in desk.sent if one.channel == "ops")
    assert ends <= begins
