"""The laws of a playbook, over every one of them, in a real small workspace."""

from dataclasses import replace
from typing import Any

import pytest
from playbook_world import NAME, Shop, use

from keepwell.core.errors import KeepwellError, UsageError
from keepwell.core.records import Endpoint, Route
from keepwell.core.spec.looping import PLAYBOOKS

OPTIONS: dict[str, dict[str, Any]] = {
    "lighten": {"max_loss": "40%", "rows": 1000},
    "scale": {"by": 1, "max": 4},
    "ask": {"to": "ops", "propose": "roll_back"},
    "open_issue": {"to": ["tracker"]},
}
TEMPORARY = {"scale", "lighten", "quarantine", "flag_off", "fall_back"}
SILENT = {"retrain", "retune", "compress", "ask", "open_issue"}
"""Those that leave the endpoint as it is."""


def test_there_is_one_for_every_word(shop: Shop) -> None:
    assert {one.name for one in shop.playbooks.all()} == set(PLAYBOOKS)


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_it_keeps_the_laws(shop: Shop, name: str) -> None:
    playbook = shop.playbooks.get(name)
    options = OPTIONS.get(name, {})
    playbook.check(options)
    before, events = shop.state, shop.events

    plan = playbook.plan(NAME, options)
    assert plan.steps
    assert plan.predicted.reason
    assert plan.temporary is (name in TEMPORARY)
    assert (shop.state, shop.events) == (before, events), "a plan does nothing"
    playbook.check(plan.options)

    wanted = use(name, **plan.options)
    first = dict(playbook.act(wanted))
    after, events = shop.state, shop.events
    assert (after == before) is (name in SILENT)
    second = dict(shop.playbooks.get(name).act(wanted))
    assert (shop.state, shop.events) == (after, events), "acting again changes nothing"
    assert second == first

    playbook.undo(wanted)
    assert shop.state == before, "undone is as before"
    events = shop.events
    shop.playbooks.get(name).undo(wanted)
    assert (shop.state, shop.events) == (before, events), "undoing again changes nothing"


@pytest.mark.parametrize("name", sorted(set(PLAYBOOKS) - SILENT - {"recalibrate"}))
def test_what_somebody_else_did_meanwhile_is_left_alone(shop: Shop, name: str) -> None:
    playbook, options = shop.playbooks.get(name), OPTIONS.get(name, {})
    wanted = use(name, **playbook.plan(NAME, options).options)
    playbook.act(wanted)

    def theirs(now: Endpoint) -> Endpoint:
        return replace(
            now,
            routes=(Route(version=1, weight=50.0), Route(version=2, weight=50.0, role="standby")),
            flags=replace(now.flags, limit_ms=7.0, killed=False, rules=()),
            quarantined=tuple(replace(one, reason="mine") for one in now.quarantined),
            most_rows=33,
        )

    workspace = shop.workspace
    workspace.endpoints.alter(NAME, theirs, "changed")
    workspace.scaling.change(workers=3)
    kept = shop.state
    playbook.undo(wanted)
    assert shop.state == kept


@pytest.mark.parametrize("name", ["move_threshold", "roll_back", "lighten"])
def test_an_endpoint_that_does_not_follow_answers_as_before(shop: Shop, name: str) -> None:
    playbook, options = shop.playbooks.get(name), OPTIONS.get(name, {})
    wanted = use(name, **playbook.plan(NAME, options).options)
    before = shop.state
    shop.deaf = True
    with pytest.raises(KeepwellError, match="was not seen to answer"):
        shop.playbooks.get(name).act(wanted)
    assert shop.state == before, "all or nothing"
    shop.deaf = False
    shop.playbooks.get(name).act(wanted)
    assert shop.state != before, "tried again, it works"


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_an_option_that_it_does_not_know_is_refused_with_a_hint(shop: Shop, name: str) -> None:
    with pytest.raises(UsageError, match=f"'{name}' has no option 'wokers'"):
        shop.playbooks.get(name).check({"wokers": 3})
