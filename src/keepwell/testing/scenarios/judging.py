"""From what is recorded after a scenario to whether that was right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from keepwell.core.records import Cause, Decision, Signal
from keepwell.testing.scenarios.scenario import CHANGING, Expected, Scenario, Verdict

if TYPE_CHECKING:
    from keepwell.testing.scenarios.stage import Stage


def judge(stage: Stage, scenario: Scenario, seconds: float) -> Verdict:
    """Return the verdict on what the stage's record holds now."""
    expected = adapted(scenario.expected, stage)
    seen, done, cause = signals_of(stage), actions_of(stage), cause_of(stage)
    diagnosis = _misdiagnosed(expected, seen, cause)
    action = _misdone(expected, done)
    last = next(iter(stage.workspace.incidents.decisions(stage.endpoint.name, limit=1)), None)
    return Verdict(
        scenario=scenario.name,
        diagnosed=not diagnosis,
        acted=not action,
        seconds=seconds,
        details={
            "expected": {
                "signals": list(expected.signals),
                "cause": expected.cause,
                "actions": list(expected.actions),
                "silent": expected.silent,
            },
            "signals": sorted(seen),
            "cause": ""
            if cause is None
            else f"{cause.title} ({cause.score:.2f}): {cause.evidence}",
            "actions": done,
            "last": "" if last is None else f"{last.action}: {last.reason}",
            "wrong": [*diagnosis, *action],
        },
    )


def adapted(expected: Expected, stage: Stage) -> Expected:
    """Return what is to be expected of this project: its columns, and a policy that may forbid to train."""
    columns = stage.columns
    names = asdict(columns)
    actions, policy = expected.actions, stage.views[-1].policy if stage.views else None
    if policy is not None and "retrain" in actions:
        kinds = {one.partition(":")[0] for one in expected.signals}
        if not policy.loop.enabled or not kinds & policy.retrainable:
            actions = actions[: actions.index("retrain")]
    return replace(
        expected,
        signals=tuple(one.format(**names) for one in expected.signals),
        cause=expected.cause.format(**names),
        actions=actions,
    )


def signals_of(stage: Stage) -> set[str]:
    """Return what was seen, as `kind` and `kind:column`: by the loop, and by alerts about the machine."""
    seen: list[Signal] = [signal for view in stage.views for signal in view.signals]
    found = {one.kind for one in seen} | {f"{one.kind}:{one.column}" for one in seen if one.column}
    for alert in stage.workspace.alerts.store.alerts():
        for hit in alert.hits if alert.opened >= stage.began else ():
            if not hit.endpoint:
                found |= {hit.subject.partition("/")[0], hit.subject.replace("/", ":")}
    return found


def actions_of(stage: Stage) -> list[str]:
    """Return what was done, in order of time; what was only waited for is left out."""
    workspace, name = stage.workspace, stage.endpoint.name
    done = [(one.time, verb) for one in _decisions(stage) for verb in _verb(one, stage)]
    for rollout in workspace.rollouts.find(name):
        if rollout.status.startswith("rolled_back") and (rollout.ended or 0.0) >= stage.began:
            done.append((stage.clock.now(), "roll_back"))
    for message in workspace.alerts.store.deliveries():
        if message.created >= stage.began:
            done.append((message.created, f"tell:{message.kind}"))
    return [verb for _, verb in sorted(done, key=lambda one: one[0])]


def _decisions(stage: Stage) -> Iterable[Decision]:
    found = stage.workspace.incidents.decisions(limit=None)
    return [one for one in reversed(found) if one.time >= stage.began and one.action != "wait"]


def _verb(decision: Decision, stage: Stage) -> Iterable[str]:
    """Yield the word for a decision, none for one that could not be carried out."""
    if decision.outcome.startswith("failed"):
        yield f"failed:{decision.action}"
        return
    if decision.action == "close":
        incident = stage.workspace.incidents.get(decision.incident)
        yield f"close:{incident.resolution if incident is not None else ''}"
    elif decision.action == "open_incident" and not decision.endpoint:
        yield "incident"
    else:
        yield decision.action


def cause_of(stage: Stage) -> Cause | None:
    """Return the first-ranked cause of the newest incident of the endpoint."""
    found = stage.workspace.incidents.find(stage.endpoint.name)
    newest = max(found, key=lambda one: one.opened, default=None)
    return newest.causes[0] if newest is not None and newest.causes else None


def _misdiagnosed(expected: Expected, seen: set[str], cause: Cause | None) -> list[str]:
    wrong = [f"{one} was not seen" for one in expected.signals if one not in seen]
    wrong += [f"{one} was seen" for one in expected.absent if one in seen]
    if expected.cause and (cause is None or expected.cause not in f"{cause.title} {cause.column}"):
        found = "none" if cause is None else cause.title
        wrong.append(f"the first cause is not '{expected.cause}' but '{found}'")
    return wrong


def _misdone(expected: Expected, done: Sequence[str]) -> list[str]:
    wrong: list[str] = []
    left: list[Any] = list(done)
    for wanted in expected.actions:
        place = next((at for at, one in enumerate(left) if _fits(one, wanted)), None)
        if place is None:
            wrong.append(f"'{wanted}' was not done")
            continue
        left = left[place + 1 :]
    allowed = {one.partition(":")[0] for one in (*expected.actions, *expected.also)}
    wrong += [
        f"'{one}' was done" for one in dict.fromkeys(done) if one in CHANGING and one not in allowed
    ]
    wrong += [
        f"'{one}' was done {done.count(one)} times" for one in expected.once if done.count(one) > 1
    ]
    if expected.silent:
        loud = [one for one in done if one in ("open_incident", "incident") or one[:4] == "tell"]
        wrong += [f"'{one}' was done" for one in dict.fromkeys(loud)]
    return wrong


def _fits(done: str, wanted: str) -> bool:
    return done == wanted or done.startswith(f"{wanted}:")
