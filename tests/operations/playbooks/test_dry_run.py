"""`keepwell loop plan`: what every playbook would do, those that train among them."""

import pytest
from playbook_world import NAME, Shop

from keepwell.core.spec.looping import PLAYBOOKS, TRAINING
from keepwell.monitoring.prediction_log.schema import OUTCOMES


def test_trainings_say_what_is_trained_and_what_is_expected(shop: Shop) -> None:
    events = shop.events
    plans = {one.playbook: one for one in shop.workspace.looping.plan(NAME) if not one.rule}
    assert set(plans) == set(PLAYBOOKS)
    retrain, retune, compress = (plans[name] for name in ("retrain", "retune", "compress"))
    assert "a challenger of version 2 is trained on data up to now: 900 outcomes" in retrain.steps
    assert retrain.predicted.measure == "metric:roc_auc"
    assert retrain.predicted.before == 0.7
    assert "measured on the newest outcomes once it is trained" in retrain.predicted.reason
    assert "settings are tried for a challenger of version 2" in retune.steps[0]
    assert "a lighter form of version 2 is made without training" in compress.steps[0]
    assert "measured once it is made" in compress.predicted.reason
    assert shop.events == events, "nothing is done"


@pytest.mark.parametrize("playbook", sorted(TRAINING - {"compress"}))
def test_trainings_that_cannot_be_say_why(shop: Shop, playbook: str) -> None:
    tables = shop.workspace.tables
    tables.write(OUTCOMES, tables.read(OUTCOMES).slice(0, 20), mode="overwrite")
    plan = next(one for one in shop.workspace.looping.plan(NAME) if one.playbook == playbook)
    assert plan.steps == ()
    assert plan.problem.startswith("too few rows with outcomes to train on: 20")
