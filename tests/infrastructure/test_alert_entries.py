"""Channels, rules and routes of alerts in the project file: read, written back, refused with reason."""

from pathlib import Path

import pytest
from project_files import complaints as _complaints
from project_files import load as _load

from keepwell.infrastructure.project_file import render_project

ALERTS = """\
data: {source: a.csv}
alerts:
  channels:
    ops: {webhook: $HOOK, secret: "${file:/run/secrets/hook}"}
    mail: {email: [a@b.c, d@e.f], server: "smtp://robot:$PW@mail:587", from: k@b.c}
    chat: {apprise: [$SLACK, $TEAMS]}
    here: {log: true}
  rules:
    - {name: slow, metric: latency_p95_ms, above: 200, for: 5m, severity: critical, to: [ops]}
    - {name: fewer, metric: requests, falls: 50%, against: 1w}
    - {name: silent, metric: requests, subject: "host:web-1", absent: 15m}
    - {name: worse, metric: "metric:f1", below: 0.5, act: retrain}
    - {name: busy, metric: requests, rises: 2, act: scale, workers: 4}
    - {name: moved, signal: drift, above: 0.3, endpoint: churn}
    - {name: late, python: "checks/late.py:find"}
  routes: [{severity: critical, rule: slow, to: [ops, log]}, {to: [mail]}]
  escalate: [{after: 15m, to: [chat]}]
  wait: 0s
  builtin: false
"""


def test_alerts_are_read_and_written_back(file: Path) -> None:
    found = _load(file, ALERTS).alerts
    assert [one.kind for one in found.channels] == ["webhook", "email", "apprise", "log"]
    assert found.channels[1].sender == "k@b.c"
    rules = {one.name: one for one in found.rules}
    assert (rules["slow"].lasting, rules["slow"].severity) == (300.0, "critical")
    assert (rules["fewer"].falls, rules["busy"].rises) == (0.5, 2.0)
    assert (rules["busy"].act, rules["busy"].workers) == ("scale", 4)
    assert found.escalate[0].after == 900.0
    assert not found.builtin
    assert _load(file, render_project(_load(file, ALERTS))).alerts == found


@pytest.mark.parametrize(
    ("alerts", "words"),
    [
        ("channels: {ops: {webhok: x}}", "did you mean 'webhook'"),
        (
            "channels: {ops: {}}",
            "exactly one of webhook, email, apprise, github, gitlab, jira, log",
        ),
        ("channels: {ops: {webhook: x, log: true}}", "exactly one of"),
        ("channels: {ops: {email: a@b.c}}", "needs `server:` and `from:`"),
        ("channels: {ops: {apprise: x, secret: y}}", "secret does not belong to apprise"),
        ("channels: [ops]", "each channel has a name"),
        ("rules: [{metric: m, above: 1}]", "has no name"),
        ("rules: [{name: a, metric: m}]", "exactly one of above, below, rises, falls, absent"),
        ("rules: [{name: a, metric: m, above: 1, below: 0}]", "exactly one of above"),
        ("rules: [{name: a, metric: m, signal: s, above: 1}]", "one of metric, signal and python"),
        ("rules: [{name: a, signal: s, absent: 1m}]", "absent needs a metric"),
        ("rules: [{name: a, metric: m, above: 1, act: scale}]", "belong together"),
        ("rules: [{name: a, metric: m, above: 1, act: pray}]", "act must be"),
        ("rules: [{name: a, python: checks.py}]", "a function in it"),
        ("rules: [{name: a, metric: m, falls: 0%}]", "a share such as 50%"),
        ("rules: [{name: a, signal: s}, {name: a, signal: t}]", "two rules have the name 'a'"),
        ("rules: [{name: a, signal: s, to: [opps]}]", "names the channel 'opps', which is none"),
        ("routes: [{severity: bad, to: [log]}]", "severity must be"),
        ("routes: [{severity: info}]", "has no `to:`"),
        ("escalate: [{to: [log]}]", "needs `after:` and `to:`"),
        ("wait: 5", "did you mean 5s?"),
    ],
)
def test_alerts_that_cannot_be_are_refused(file: Path, alerts: str, words: str) -> None:
    complaints = _complaints(file, f"data: {{source: a.csv}}\nalerts:\n  {alerts}\n")
    assert any(words in line for line in complaints), complaints
