"""Versions derived from the champion: proven on rows they were not fitted to, or refused with numbers."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playbook_world import NAME, Shop, use

from keepwell.core.errors import ConflictError, GateError, TrainingError, UsageError
from keepwell.core.records import Task
from keepwell.deployment.scoring import build_scorer_files, load_scorer
from keepwell.deployment.scoring.inputs import model_signature
from keepwell.operations.build.judge import open_scorer
from keepwell.operations.playbooks.models.levels import Line, fitted_line
from keepwell.operations.playbooks.models.outcomes import newest_rows
from keepwell.operations.playbooks.models.proof import cheaper
from keepwell.tracking.metrics import measure
from keepwell.training.ensembling.refitting import with_curve, with_level, without_level


def test_recalibrated_probabilities_fit_the_newest_outcomes(shop: Shop) -> None:
    playbook = shop.playbooks.get("recalibrate")
    plan = playbook.plan(NAME, {})
    before = plan.predicted.before
    assert before is not None
    assert plan.predicted.after is not None
    assert plan.predicted.measure == "metric:log_loss"
    assert plan.predicted.after < before - 0.05
    done = playbook.act(use("recalibrate"))
    bench = shop.workspace.bench
    champion, made = (bench.registry.get(NAME, done[name]) for name in ("before", "served"))
    assert made.proof is not None
    assert made.proof.compiled
    assert made.gate is not None
    assert made.gate.passed
    run = bench.runs.get(made.run)
    assert run.tags["derived_from"] == champion.key
    _, tested = newest_rows(shop.playbooks.means, NAME, champion).divided()
    answers = open_scorer(bench, made).examined(tested)
    actual = tested["leaves"].to_pylist()
    loss = measure(
        Task.BINARY, made.signature.classes, actual, answers.predictions, answers.probabilities
    )["log_loss"]
    assert loss == pytest.approx(plan.predicted.after, abs=1e-9), "what was promised is what serves"
    with pytest.raises(TrainingError, match="too few rows with outcomes"):
        playbook.plan(NAME, {})  # a second time there is nothing new to fit to


def test_a_threshold_moves_to_what_errors_cost_now(shop: Shop) -> None:
    playbook = shop.playbooks.get("move_threshold")
    plan = playbook.plan(NAME, {})
    assert plan.predicted.measure == "", "no monitor measures costs"
    assert plan.predicted.before is not None
    assert plan.predicted.after is not None
    assert plan.predicted.after < plan.predicted.before
    done = playbook.act(use("move_threshold"))
    registry = shop.workspace.registry
    champion, made = (registry.get(NAME, done[name]) for name in ("before", "served"))
    assert made.signature.threshold is not None
    assert made.signature.threshold < 0.4, "a miss costs four times as much as a false alarm"
    assert replace(made.signature, threshold=None) == champion.signature
    files = [{one.name: one.digest for one in version.bundle.files} for version in (champion, made)]
    assert {name for name in files[0] if files[0][name] != files[1][name]} == {"profile.json"}
    with pytest.raises(UsageError, match="a metric or costs, not both"):
        playbook.check({"metric": "f1", "fp": 1})


def test_a_recalibrated_version_decides_the_same_rows_alike_by_its_threshold(shop: Shop) -> None:
    shop.playbooks.get("move_threshold").act(use("move_threshold"))
    registry = shop.workspace.registry
    champion = registry.get(NAME, "champion")

    old = replace(champion, created=registry.get(NAME, 2).created)
    means = shop.playbooks.means
    fit, tested = newest_rows(means, NAME, old).divided()
    from keepwell.operations.playbooks.models.refit import refit

    made = refit(means.bench, champion, fit, tested, "sigmoid")
    files, _ = build_scorer_files(made.pipeline, made.signature, tested)
    now = load_scorer(files.__getitem__, made.signature).examined(tested)
    assert now.predictions == open_scorer(means.bench, champion).examined(tested).predictions


def test_what_does_not_pass_its_gate_answers_nobody(shop: Shop) -> None:
    workspace = shop.workspace
    gate = replace(workspace.spec.gate, min={"roc_auc": 0.999})
    bench = replace(workspace.bench, spec=replace(workspace.spec, gate=gate))
    playbooks = type(shop.playbooks)(replace(shop.playbooks.means, bench=bench))
    before = shop.state
    for _ in range(2):
        with pytest.raises(GateError, match="did not pass its gate"):
            playbooks.get("recalibrate").act(use("recalibrate"))
    assert shop.state == before
    versions = workspace.registry.versions(NAME)
    assert len(versions) == 4, "it is registered once"


def test_what_is_not_proven_is_refused_with_its_numbers(shop: Shop) -> None:
    with pytest.raises(ConflictError, match="moving the threshold is not proven to help") as told:
        shop.playbooks.get("move_threshold").plan(NAME, {"metric": "mcc"})
    assert "95% interval" in told.value.why
    assert told.value.details["low"] <= 0


def test_a_version_that_is_known_to_be_worse_is_not_rolled_back_to(shop: Shop) -> None:
    from sklearn.dummy import DummyClassifier

    from keepwell.operations.own_model import register_own

    workspace = shop.workspace
    rows = newest_rows(shop.playbooks.means, NAME, workspace.registry.get(NAME, 2)).table
    frame = rows.drop_columns(["leaves"]).to_pandas()
    constant = DummyClassifier(strategy="prior").fit(frame, rows["leaves"].to_pylist())
    bad = register_own(workspace.bench, constant, rows, "leaves").version
    with pytest.raises(ConflictError, match=f"version {bad} is known to be worse") as told:
        shop.playbooks.get("roll_back").plan(NAME, {"version": bad})
    assert "95% interval" in told.value.why


@given(seed=st.integers(0, 50), scale=st.floats(0.3, 3.0), level=st.floats(-5, 5))
@settings(max_examples=15)
def test_a_line_is_found_again(seed: int, scale: float, level: float) -> None:
    answers = np.random.default_rng(seed).normal(10, 3, 200)
    found = fitted_line(answers, answers * scale + level, "rmse", Task.REGRESSION)
    assert np.allclose(found.bent(answers), answers * scale + level, atol=1e-6)
    counts = fitted_line(np.abs(answers), np.abs(answers) * scale, "rmse", Task.COUNTS)
    assert counts.level == 0
    assert counts.scale == pytest.approx(scale)


def test_words_of_a_line() -> None:
    assert Line(scale=1.1, level=-2.0).words == "1.1 times the prediction less 2"
    assert Line(level=3.0).words == "the prediction plus 3"


@pytest.mark.parametrize("trees", [True, False])
def test_a_level_compiles_and_comes_off_again(trees: bool) -> None:
    from lightgbm import LGBMRegressor
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    random = np.random.default_rng(0)
    table = pa.table({"a": random.normal(0, 1, 200), "b": random.normal(0, 1, 200)})
    target = table["a"].to_numpy() * 2 + 1
    last = LGBMRegressor(n_estimators=5, verbose=-1, n_jobs=1) if trees else Ridge()
    pipeline = make_pipeline(StandardScaler(), last).fit(table.to_pandas(), target)
    made = with_level(pipeline, 1.7, -0.3)
    assert np.array_equal(
        made.predict(table.to_pandas()), pipeline.predict(table.to_pandas()) * 1.7 + -0.3
    )
    assert without_level(made) is pipeline
    assert without_level(pipeline) is pipeline
    signature = model_signature(made, table)
    files, proof = build_scorer_files(made, signature, table)
    assert proof.compiled
    assert proof.largest_difference <= 1e-9
    assert len(load_scorer(files.__getitem__, signature).rows(table.to_pylist()).predictions) == 200


def test_a_curve_goes_around_models_of_named_classes_too() -> None:
    from sklearn.linear_model import LogisticRegression

    random = np.random.default_rng(0)
    frame = pa.table({"a": random.normal(0, 1, 300), "b": random.normal(0, 1, 300)}).to_pandas()
    target = np.array(["x", "y", "z"])[np.clip(np.round(frame["a"] + 1), 0, 2).astype(int)]
    model = LogisticRegression().fit(frame, target)
    codes = np.searchsorted(model.classes_, target)
    made = with_curve(model, model.predict_proba(frame), codes, "sigmoid")
    assert made.classes_.tolist() == ["x", "y", "z"]
    assert np.allclose(made.predict_proba(frame).sum(axis=1), 1)
    assert (made.predict(frame) == target).mean() > 0.8


def test_costs_have_an_interval() -> None:
    found = cheaper(np.zeros(200), np.tile([0.0, 1.0], 100))
    assert found.gain.value == 0.5
    assert found.gain.low is not None
    assert 0.4 < found.gain.low < 0.5
    assert found.better


def test_a_lighter_challenger_says_before_and_after(shop: Shop) -> None:
    from keepwell.core.progress import SilentProgress
    from keepwell.operations.build.challenger import train_challenger
    from keepwell.operations.loop.retrainings import Retraining

    workspace = shop.workspace
    request = Retraining(
        id="slow-1",
        endpoint=NAME,
        baseline=2,
        decided=0.0,
        reason="it is slow",
        mode="compress",
        options={"max_loss": 0.3},
    )
    logged = workspace.predictions.labelled(NAME)
    result = train_challenger(workspace.bench, logged, request, progress=SilentProgress())
    assert (result.status, result.renewed, result.candidate) == ("done", True, 3)
    assert result.verdict is not None
    assert result.comparison is not None
    assert result.comparison.rows == 900, "on the newest rows with outcomes"
    evidence = result.evidence
    assert float(evidence["bytes after"]) < float(evidence["bytes before"])
    assert float(evidence["ms a row before"]) > 0
    assert workspace.endpoints.read(NAME).champion == 2
