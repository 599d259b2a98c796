"""Sets of labels are recognised, learnt label by label, and answered as lists."""

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from training_cuts import cut, must_depend_on_rows_and_seed, resumed, taken_over
from training_troublemakers import Killed, Quiet, Raises
from training_worlds import World, world_of

from keepwell.core.errors import TrainingError
from keepwell.core.progress import SilentProgress
from keepwell.core.records import ColumnType, Task
from keepwell.core.spec import DataSpec, GateSpec, TrainSpec
from keepwell.deployment.scoring import build_scorer_files, load_scorer
from keepwell.features.label_sets import delimiter_of, hold_sets, labels_of
from keepwell.tracking.metrics.multilabel import measure_sets
from keepwell.training import train
from keepwell.training.framing import frame_problem
from keepwell.training.gates import judge
from keepwell.training.learners import Candidate, Fitted, Learner
from keepwell.training.learners.baseline import Baseline
from keepwell.training.problem import Problem
from keepwell.training.search.budget import Budget
from keepwell.training.search.jobs import Job
from keepwell.training.tasks.exams import exam_of
from keepwell.training.tasks.multilabel.bench import LabelBench, Trial
from keepwell.training.tasks.multilabel.comparing import Comparison, open_labels
from keepwell.training.tasks.multilabel.reading import read_sets
from keepwell.training.workers import HereRunner, Runner
from keepwell.training.workers.choice import TINY


def tagged(rows: int = 300) -> World:
    random = np.random.default_rng(0)
    a, b, c = random.normal(size=rows), random.normal(size=rows), random.choice(["x", "y"], rows)
    sets = [
        ";".join(
            label
            for label, holds in (
                ("red", a[at] > 0),
                ("big", b[at] > 0.3),
                ("odd", c[at] == "y"),
                ("rare", at < 2),
            )
            if holds
        )
        or "[]"
        for at in range(rows)
    ]
    return world_of({"a": a, "b": b, "c": c, "tags": sets})


@pytest.mark.parametrize("learners", [("linear",), ("lightgbm",)])
def test_sets_are_inferred_learnt_compiled_and_gated(learners: tuple[str, ...]) -> None:
    table, columns = tagged()
    data = DataSpec(source="-", target="tags")
    trained = train(table, columns, data, TrainSpec(budget=8.0, learners=learners))
    assert trained.task is Task.MULTILABEL
    assert set(trained.signature.classes) == {"red", "big", "odd"}
    assert any("'rare'" in one.message for one in trained.findings)
    assert trained.metrics["f1_micro"].value > 0.9
    files, proof = build_scorer_files(trained.pipeline, trained.signature, table)
    assert proof.compiled
    assert proof.largest_difference <= 1e-9
    scorer = load_scorer(files.__getitem__, trained.signature)
    answer = scorer.rows([{"a": 2.0, "b": 2.0, "c": "x"}, {"a": -2.0, "b": -2.0, "c": "x"}])
    assert [sorted(one) for one in answer.predictions] == [["big", "red"], []]
    exam = exam_of(trained.signature, table.take(pa.array(trained.test_rows)), data)
    verdict = judge(
        GateSpec(min={"f1_micro": 0.8, "hamming_loss": 0.2}),
        task=trained.task,
        classes=trained.signature.classes,
        metric=trained.metric,
        actual=exam.actual,
        candidate=scorer.examined(exam.table),
        champion=scorer.examined(exam.table),
    )
    assert verdict.passed
    assert verdict.checks[0].value == pytest.approx(trained.metrics["f1_micro"].value)


def learners_of(*learners: Learner) -> dict[str, Learner]:
    return {"baseline": Baseline(), **{type(one).__name__.lower(): one for one in learners}}


def trial_of(problem: Problem, *learners: Learner) -> Trial:
    rows = np.arange(problem.rows)
    return Trial(
        problem=problem,
        folds=[(rows[::2], rows[1::2]), (rows[1::2], rows[::2])],
        learners=learners_of(*learners),
        metric="f1_micro",
    )


def compared(problem: Problem, seconds: float, *learners: Learner) -> tuple[Comparison, Runner]:
    trial = trial_of(problem, *learners)
    runner = open_labels(trial, None, seconds)
    return Comparison(trial, runner, Budget(seconds), SilentProgress()), runner


def compared_here(problem: Problem, *learners: Learner) -> Comparison:
    trial = trial_of(problem, *learners)
    runner = HereRunner.over(LabelBench(trial))
    return Comparison(trial, runner, Budget(600.0), SilentProgress())


@pytest.fixture
def flagged(churn: World) -> Problem:
    framed = frame_problem(*churn, DataSpec(source="", target="left"), TrainSpec())
    flags = np.stack([framed.problem.target, 1 - framed.problem.target], axis=1)
    return replace(framed.problem, target=flags)


def test_whatever_a_learner_does_the_others_go_on(flagged: Problem) -> None:
    comparison, runner = compared(flagged, 60.0, Killed(), Raises(), Quiet())
    try:
        tried = comparison.run()
        best, pipeline = comparison.fitted(tried)
    finally:
        runner.close()
    notes = {one.candidate.learner: one.note for one in tried}
    assert notes["killed"] == "its process died of SIGKILL"
    assert notes["raises"] == "failed: RuntimeError: out of luck"
    assert notes["quiet"] == ""
    assert best.candidate.learner in {"baseline", "quiet"}
    assert pipeline.predict_proba(flagged.frame).shape == (flagged.rows, 2)


def test_a_baseline_comes_back_however_little_time_there_is() -> None:
    table, columns = tagged()
    data = DataSpec(source="-", target="tags")
    trained = train(table, columns, data, TrainSpec(budget=0.01, learners=("linear",)))
    assert trained.learner == "baseline"
    told = [one.message for one in trained.findings if one.kind == "search"]
    assert any("the budget was too short for anything but the baseline" in one for one in told)
    assert not any("nothing beat the baseline" in one for one in told)


def test_what_gave_way_was_not_beaten_by_the_baseline(flagged: Problem) -> None:
    class Forgets(Quiet):
        def fit(self, *given: Any) -> Fitted:
            if len(given[3]) == flagged.rows:
                raise MemoryError("no more")
            return super().fit(*given)

    comparison = compared_here(flagged, Forgets())
    comparison.run()
    one = {one.candidate.learner: one for one in comparison.tried}
    one["forgets"].scores = {0: 0.9, 1: 0.9}
    one["baseline"].scores = {0: 0.5, 1: 0.5}
    best, _ = comparison.fitted([one["forgets"], one["baseline"]])
    assert best.first
    told = [found.message for found in comparison.findings(best)]
    assert len(told) == 1
    assert told[0].startswith(
        "forgets was better than baseline, but could not be fitted to all rows"
    )


def test_others_that_all_fail_are_not_called_late(flagged: Problem) -> None:
    comparison = compared_here(flagged, Raises())
    tried = comparison.run()
    told = [found.message for found in comparison.findings(tried[0])]
    assert told == [
        "all others failed, so the baseline is left, which ignores the inputs: raises failed: "
        "RuntimeError: out of luck"
    ]


def test_nothing_is_prepared_for_what_looks_at_no_column(
    flagged: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*given: object) -> None:
        raise AssertionError("rows were prepared for nothing")

    monkeypatch.setattr("keepwell.training.tasks.multilabel.bench.prepare", refuses)
    first = Candidate(name="baseline", learner="baseline", params={"strategy": "prior"})
    job = Job(candidate=first, fold=0)
    made = LabelBench(trial_of(flagged)).perform(job, lambda: False, lambda share: None)
    assert not made.failed
    assert made.score is not None


def test_a_text_is_many_cells_here_too(flagged: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    monkeypatch.setattr(
        "keepwell.training.tasks.multilabel.comparing.open_bench",
        lambda bench, *, cells, **more: told.append(cells),
    )
    fields = [replace(field, type=ColumnType.TEXT) for field in flagged.signature.inputs[:1]]
    written = replace(flagged, signature=replace(flagged.signature, inputs=tuple(fields)))
    monkeypatch.setattr("keepwell.training.workers.choice._TINY_WITH_TEXT", 100)  # rows
    for problem in (flagged, written):
        open_labels(trial_of(problem), None, 60.0)
    assert told[0] <= TINY < told[1]


def test_of_very_many_labels_the_most_frequent_are_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keepwell.training.tasks.multilabel.reading.MOST_LABELS", 3)
    cells = [[f"t{at % 10}", *(["all"] if at % 3 else [])] for at in range(100)]
    read = read_sets(
        *world_of({"tags": cells, "x": range(100)}), DataSpec(source="-", target="tags")
    )
    assert len(read.classes) == 3
    assert read.classes[0] == "all"
    assert any("the 3 labels of 'tags' that apply most often" in f.message for f in read.findings)


def test_a_million_labels_that_apply_once_each_are_told_of_at_once() -> None:
    cells = [
        [*(f"l{at * 1000 + one}" for one in range(1000)), "often" if at % 2 else "seldom"]
        for at in range(1000)
    ]
    began = time.process_time()
    read = read_sets(*world_of({"tags": cells}), DataSpec(source="-", target="tags"))
    assert set(read.classes) == {"often", "seldom"}
    assert any("and 999,995 more of 'tags' are not learnt" in f.message for f in read.findings)
    assert time.process_time() - began < 20  # a label looked up in a list took minutes


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), rows=st.integers(1, 20), labels=st.integers(1, 5))
def test_metrics_equal_scikit_learns(seed: int, rows: int, labels: int) -> None:
    theirs = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(seed)
    actual, said = random.random((2, rows, labels)) < 0.4
    measured = measure_sets(actual, said)
    assert measured["subset_accuracy"] == pytest.approx((actual == said).all(axis=1).mean())
    assert measured["hamming_loss"] == pytest.approx((actual != said).mean())
    for average in ("micro", "macro"):
        each = [theirs.f1_score(actual[:, k], said[:, k], zero_division=0) for k in range(labels)]
        expected = (
            np.mean(each)
            if average == "macro"
            else theirs.f1_score(actual.ravel(), said.ravel(), zero_division=0)
        )
        assert measured[f"f1_{average}"] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("cells", "sets"),
    [
        (["a;b", "b", "a", "a;b;c", "c", "c;a", "b;c"] * 3, True),
        ([["a", "b"], ["b"], ["a"], [], ["a", "b", "c"], ["c"], ["a", "c"]] * 3, True),
        (["yes", "no"] * 9, False),
        (["one, two", "three, four"] * 9, False),
        ([f"{at};{at + 1}" for at in range(30)], False),
        ([None, ""], False),
    ],
)
def test_recognises_sets(cells: list[object], sets: bool) -> None:
    assert hold_sets(cells) is sets


def test_reads_sets_in_every_form() -> None:
    assert delimiter_of(["a|b", "c"]) == "|"
    assert labels_of(" a ; b;;a ", ";") == ["a", "b"]
    assert labels_of('["a", "b"]', "") == labels_of(["a", "b"], "") == ["a", "b"]
    assert labels_of("[]", ";") == []
    assert labels_of(None, ";") is None


def test_refuses_what_holds_no_two_labels() -> None:
    table, columns = world_of({"a": np.arange(40.0), "tags": ["x"] * 40})
    spec = TrainSpec(task=Task.MULTILABEL)
    with pytest.raises(TrainingError, match="holds 0 labels that can be learnt"):
        train(table, columns, DataSpec(source="-", target="tags"), spec)
    with pytest.raises(TrainingError, match="'tgs' is not in the data"):
        train(table, columns, DataSpec(source="-", target="tgs"), spec)


def test_a_run_that_was_killed_goes_on_where_it_was_in_a_child_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, data = tagged(), DataSpec(source="-", target="tags")
    spec = TrainSpec(budget=600.0, learners=("linear",))
    whole = train(*world, data, spec)
    store = cut(world, data, spec, after=2)
    monkeypatch.setattr("keepwell.training.workers.choice.TINY", 0)
    again = resumed(world, data, spec, store)
    assert taken_over(again) == 2
    assert again.test_predictions == whole.test_predictions
    assert [(row.name, row.scores) for row in again.leaderboard] == [
        (row.name, row.scores) for row in whole.leaderboard
    ]


def test_what_was_finished_goes_for_the_same_rows_and_seed_only() -> None:
    spec = TrainSpec(budget=600.0, learners=("linear",))
    data = DataSpec(source="-", target="tags")
    must_depend_on_rows_and_seed(tagged(150), data, spec, "a", lambda cell: cell + 1.0)
