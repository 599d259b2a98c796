"""Somebody is told: once, by the alerts' courier, and of what waits for their word."""

from dataclasses import replace

from playbook_world import NAME, Shop, use

from keepwell.core.records import Decision, Effect, Intervention
from keepwell.infrastructure.metadata import Collection
from keepwell.operations.serving.effects import LiveEffects
from keepwell.operations.serving.retraining_jobs import RetrainingJobs


def effects_of(shop: Shop) -> LiveEffects:
    workspace = shop.workspace
    jobs = RetrainingJobs(workspace.metadata, workspace.home, ["false"])
    return LiveEffects(workspace.bench, jobs, shop._probe, shop.playbooks)


def test_a_question_says_what_could_be_done(shop: Shop) -> None:
    wanted = use("ask", to=["ops", "log"], propose="roll_back", text="Shall we go back?")
    shop.playbooks.get("ask").act(wanted)
    messages = shop.workspace.alerts.store.waiting()
    assert {one.channel for one in messages} == {"ops", "log"}
    first = messages[0]
    assert first.title == "[asks] shop: Shall we go back?"
    assert "version 1 answers in place of version 2" in first.body
    assert "Expected: metric:roc_auc" in first.body
    assert "have it done: keepwell loop run roll_back --endpoint shop" in first.body


def test_a_question_about_what_cannot_be_done_says_so(shop: Shop) -> None:
    wanted = use("ask", propose="scale")
    shop.workspace.scaling.change(workers=8)
    shop.playbooks.get("ask").act(wanted)
    (first, *_) = shop.workspace.alerts.store.waiting()
    assert "`scale` is no way out now: there are 8 workers already" in first.body


def test_an_issue_goes_to_trackers_before_webhooks(shop: Shop) -> None:
    playbook = shop.playbooks.get("open_issue")
    done = playbook.act(use("open_issue"))
    assert done == {"messages": ["shop/slow-1/issue/tracker"]}
    message = shop.workspace.alerts.store.delivery("shop/slow-1/issue/tracker")
    assert message.title == "shop: it is slow"
    assert "version 2" in message.body
    playbook.undo(use("open_issue"))
    assert shop.workspace.alerts.store.waiting() == []


def test_who_can_agree_is_told_of_a_proposal_once(shop: Shop) -> None:
    effects = effects_of(shop)
    wanted = effects.plan(replace(use("scale", by=1), status="proposed", approval="operator"))
    assert wanted.options == {"workers": 2}
    assert wanted.temporary
    assert wanted.steps
    kept = Collection(
        shop.workspace.metadata,
        "intervention",
        Intervention,
        name=lambda one: f"{one.endpoint}/{one.id}",
    )
    kept.write(wanted, "proposed")
    decision = Decision(id="d", time=0.0, endpoint=NAME, action="propose", reason="it is slow")
    for _ in range(2):
        effects.publish(decision, None)
    messages = shop.workspace.alerts.store.waiting()
    assert {one.channel for one in messages} == {"ops", "tracker"}
    assert "the role 'operator'" in messages[0].body
    assert "Agree: keepwell loop approve slow-1" in messages[0].body


def test_the_loops_hands_carry_out_and_take_back(shop: Shop) -> None:
    effects, before = effects_of(shop), shop.state
    planned = effects.plan(use("fall_back"))
    assert planned.predicted == Effect(
        measure="error_rate", before=0.2, reason=planned.predicted.reason
    )
    done = effects.intervene(planned)
    assert done.before == {"killed": False, "fallback": ['"no"']}
    assert shop.workspace.endpoints.read(NAME).flags.killed
    effects.undo(done, "the errors are gone")
    assert shop.state == before
    newest = shop.workspace.endpoints.history(NAME)[0]
    assert newest[2] == "the errors are gone (undoes fall_back shop/slow-1)"
