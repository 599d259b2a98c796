"""What single playbooks refuse, choose and leave in place."""

import json
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from playbook_world import NAME, Shop, use

from keepwell.core.errors import ConflictError, KeepwellError, NotFoundError, UsageError
from keepwell.core.records import Endpoint, Signal
from keepwell.infrastructure.logged_rows import MARK
from keepwell.monitoring.inputs import as_scored, parse_inputs
from keepwell.operations.build.live_rows import live_table
from keepwell.operations.serving.readings import in_quarantine


def test_quarantine_is_measured_on_rows_with_and_without_the_column(shop: Shop) -> None:
    plan = shop.playbooks.get("quarantine").plan(NAME, {})
    assert plan.options == {"column": "age"}, "the one that the monitor says is damaged"
    assert "taken as missing" in plan.steps[0]
    assert plan.predicted.measure == "metric:roc_auc"
    assert plan.predicted.before is not None
    assert plan.predicted.after is not None
    assert "204 rows" in plan.predicted.reason, "those of the monitor's window"


def test_a_column_without_a_learnt_gap_is_taken_as_usual(shop: Shop) -> None:
    playbook = shop.playbooks.get("quarantine")
    with pytest.raises(ConflictError, match="answers worse than with what is sent") as told:
        playbook.plan(NAME, {"column": "income"})
    assert "95% interval" in told.value.why
    playbook.act(use("quarantine", column="income"))
    playbook.act(use("quarantine", 2, column="plan"))
    record = shop.workspace.endpoints.read(NAME)
    income, plan = record.quarantined
    assert isinstance(income.value, float)
    assert 40 < income.value < 60, "the median of the training data"
    assert plan.value in ("A", "B")
    playbook.undo(use("quarantine", column="income"))
    assert shop.workspace.endpoints.read(NAME).quarantined == (plan,), "each by itself"


def test_signals_of_a_column_in_quarantine_are_known(shop: Shop) -> None:
    def signal(column: str) -> Signal:
        return Signal(
            kind="quality",
            endpoint=NAME,
            version=2,
            column=column,
            value=0.9,
            limit=0.1,
            severity=0.8,
            message=f"{column} arrives damaged",
        )

    playbook = shop.playbooks.get("quarantine")
    playbook.act(use("quarantine", column="age"))
    record = shop.workspace.endpoints.read(NAME)
    age, income = in_quarantine([signal("age"), signal("income")], record)
    assert (age.known, age.severity) == ("quarantine", 0.0)
    assert age.message == "age arrives damaged (in quarantine: no answer rests on it)"
    assert income == signal("income")


def test_nobody_learns_from_what_was_not_believed(shop: Shop) -> None:
    signature = shop.workspace.registry.get(NAME, 2).signature
    sent = {"age": -999, "income": 50.0, "plan": "A", MARK: {"age": None}}
    table = live_table([{"inputs": json.dumps(sent), "outcome": '"no"'}], signature)
    assert table["age"].to_pylist() == [None]
    texts = pa.chunked_array([[json.dumps(sent), json.dumps({"age": 5})]])
    field = signature.inputs[0]
    assert parse_inputs(texts, [field]).columns["age"].to_pylist() == [-999, 5]
    assert parse_inputs(as_scored(texts), [field]).columns["age"].to_pylist() == [None, 5]


@pytest.mark.parametrize(
    ("name", "options", "error", "says"),
    [
        ("scale", {"workers": 2, "by": 1}, UsageError, "not both"),
        ("scale", {"by": 0}, UsageError, "nothing to do"),
        ("scale", {"workers": 1}, ConflictError, "1 workers already"),
        ("scale", {"workers": "many"}, UsageError, "cannot be 'many'"),
        ("lighten", {"variant": False}, UsageError, "nothing to do"),
        ("lighten", {"max_loss": 0}, NotFoundError, "no lighter variant"),
        ("flag_off", {"rule": "income > 3"}, NotFoundError, "no such rule"),
        ("flag_off", {"rule": "age >"}, KeepwellError, "age"),
        ("fall_back", {"to": "nobody"}, UsageError, "not a fallback"),
        ("quarantine", {"column": "agee"}, NotFoundError, "is no column"),
        ("roll_back", {"version": 2}, NotFoundError, "no version to roll"),
        ("roll_back", {"version": 9}, NotFoundError, "no version 9"),
        ("recalibrate", {"method": "magic"}, UsageError, "cannot be 'magic'"),
        ("move_threshold", {"metric": "rmse"}, KeepwellError, "rmse"),
        ("ask", {"to": "oops"}, NotFoundError, "no channel 'oops'"),
    ],
)
def test_what_cannot_be_done_is_said_before(
    shop: Shop, name: str, options: dict[str, Any], error: type[KeepwellError], says: str
) -> None:
    playbook, before = shop.playbooks.get(name), shop.events

    def planned() -> None:
        playbook.check(options)
        playbook.plan(NAME, options)

    with pytest.raises(error, match=says):
        planned()
    assert shop.events == before


def test_an_endpoint_of_its_own_workers_gets_more_of_those(shop: Shop) -> None:
    workspace = shop.workspace
    workspace.scaling.change(workers=2, pools={NAME: 1}, endpoints=[NAME])
    before = shop.state
    playbook = shop.playbooks.get("scale")
    playbook.act(use("scale", by=1))
    assert (workspace.scaling.read().workers, workspace.scaling.read().pools) == (2, {NAME: 2})
    playbook.undo(use("scale", by=1))
    assert shop.state == before


def test_routing_playbooks_wait_for_a_rollout(shop: Shop) -> None:
    workspace = shop.workspace
    workspace.endpoints.alter(NAME, lambda now: replace(now, rollout="r1"), "routed")
    for name in ("roll_back", "recalibrate", "move_threshold", "lighten"):
        options = {"max_loss": 0.4} if name == "lighten" else {}
        with pytest.raises(ConflictError, match="a rollout of 'shop' is running"):
            shop.playbooks.get(name).plan(NAME, options)


def test_smaller_requests_are_one_change_with_the_variant(shop: Shop) -> None:
    playbook = shop.playbooks.get("lighten")
    plan = playbook.plan(NAME, {"rows": 50, "max_loss": "40%"})
    assert "as fast as shop/2" in plan.predicted.reason
    before = len(shop.workspace.endpoints.history(NAME))
    playbook.act(use("lighten", **plan.options))
    record: Endpoint = shop.workspace.endpoints.read(NAME)
    assert (record.champion, record.most_rows) == (plan.options["version"], 50)
    assert len(shop.workspace.endpoints.history(NAME)) == before + 1
    alone = use("lighten", 2, variant=False, rows=20)
    playbook.act(alone)
    assert shop.workspace.endpoints.read(NAME).most_rows == 20
    playbook.undo(alone)
    assert shop.workspace.endpoints.read(NAME) == record


def test_a_rule_that_asks_for_what_cannot_be_is_named(shop: Shop) -> None:
    from keepwell.core.spec.looping import LoopRuleSpec, LoopSpec

    rule = LoopRuleSpec(name="busy", when="latency", do="scale", options={"worker": 3})
    with pytest.raises(UsageError, match="the rule 'busy' of `loop: rules:`") as told:
        shop.playbooks.check(LoopSpec(rules=(rule,)))
    assert "workers" in told.value.now
    shop.playbooks.check(LoopSpec(rules=(replace(rule, options={"workers": 3}),)))
