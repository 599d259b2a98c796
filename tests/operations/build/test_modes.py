"""What a retraining does in each of its modes."""

from dataclasses import replace

import pytest
from build_world import live_rows

from keepwell.core.errors import TrainingError
from keepwell.core.progress import SilentProgress
from keepwell.core.spec import SearchSpec, TrainSpec
from keepwell.operations.build.challenger import train_challenger
from keepwell.operations.build.retraining.tuning import narrowed
from keepwell.operations.loop.retrainings import Retraining
from keepwell.workspace import Workspace

REQUEST = Retraining(
    id="slow-1", endpoint="shop", baseline=1, decided=0.0, reason="it fell", budget=4.0
)


@pytest.fixture
def built(workspace: Workspace) -> Workspace:
    spec = TrainSpec(budget=4.0, folds=2, ensemble=1, learners=("lightgbm", "linear"))
    workspace.spec = replace(workspace.spec, train=spec)
    workspace.builder.run()
    return workspace


def test_it_searches_within_bounds_and_is_made_lighter(built: Workspace) -> None:
    champion = built.registry.get("shop", 1)
    tune = replace(REQUEST, mode="tune", options={"trials": 3})
    spec = narrowed(built.bench, champion, tune)
    assert (spec.search.trials, spec.search.method) == (3, "tpe")
    assert champion.learner in spec.learners
    fewer = replace(built.spec.train, search=SearchSpec(trials=2, method="random"))
    bench = replace(built.bench, spec=replace(built.spec, train=fewer))
    assert narrowed(bench, champion, tune).search == SearchSpec(trials=2, method="random")

    rows = live_rows(400, seed=1, turned=True)
    result = train_challenger(built.bench, rows, tune, progress=SilentProgress())
    assert result.evidence["mode"] == "tune"
    assert int(result.evidence["trials"]) > 0
    assert result.comparison is not None
    metric = result.comparison.metric
    assert result.evidence[f"{metric} after"] == result.comparison.challenger
    assert built.runs.get(result.run).tags["mode"] == "tune"
    assert built.endpoints.read("shop").champion == 1, "nothing goes live by training"


def test_a_model_that_cannot_be_lighter_says_why(workspace: Workspace) -> None:
    alone = replace(workspace.spec.train, ensemble=1)  # a vote's best member is a lighter form
    workspace.spec = replace(workspace.spec, train=alone)
    workspace.builder.run()
    wanted = replace(REQUEST, mode="compress", options={"max_loss": 0.1})
    with pytest.raises(TrainingError, match="there is no lighter form of shop/1") as told:
        train_challenger(
            workspace.bench, live_rows(60, seed=1, turned=False), wanted, progress=SilentProgress()
        )
    assert told.value.why
    assert len(workspace.registry.versions("shop")) == 1
