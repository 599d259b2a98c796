"""A pretrained model as it is, and what training it on is worth."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from review_texts import BAD, FILLER, GOOD, reviews
from tiny_models import tiny, tiny_bert
from training_worlds import World, world_of

import keepwell as kw
from keepwell.core.errors import UsageError
from keepwell.core.progress import SilentProgress
from keepwell.core.records import ColumnType
from keepwell.core.spec import DataSpec, SearchSpec, TrainSpec
from keepwell.deployment.scoring import build_scorer_files, load_scorer
from keepwell.training import train
from keepwell.training.framing import frame_problem
from keepwell.training.learners import Watch, installed
from keepwell.training.modalities.gain import worth_of_training
from keepwell.training.modalities.readiness import with_untrained
from keepwell.training.problem import Problem
from keepwell.training.search.budget import Budget
from keepwell.training.search.jobs import Outcome
from keepwell.training.search.matrices import prepare
from keepwell.training.search.search import Search
from keepwell.training.search.trials import Trial

torch = pytest.importorskip("torch", reason="needs the extra 'nlp'")
pytest.importorskip("transformers", reason="needs the extra 'nlp'")
pytest.importorskip("onnxscript")

WORDS = [*GOOD, *BAD, *FILLER, "good", "bad"]


@pytest.fixture(scope="session")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "judge"
    said = {0: "BAD", 1: "mixed", 2: "Good"}
    return tiny("BertForSequenceClassification", folder, WORDS, num_labels=3, id2label=said)


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))


def problem_of(world: World, model: Path, **labels: str) -> Problem:
    spec = TrainSpec(text_model=str(model), text_labels=labels)
    return frame_problem(*world, DataSpec(source="", target="label"), spec).problem


def test_the_own_head_of_a_model_is_served_as_the_model_itself_answers(judge: Path) -> None:
    from sklearn.pipeline import Pipeline

    world = reviews(rows=80)
    problem = problem_of(world, judge)
    learner = installed(["zero-shot"])["zero-shot"]
    (candidate,) = learner.candidates(problem)
    assert (candidate.name, candidate.params["model"]) == ("zero-shot/own-head", "judge")
    prepared, matrix = prepare(problem, learner.flavour)
    fitted = learner.fit(candidate, problem, matrix, problem.target, None, Watch(whole=True))
    pipeline = Pipeline([("prepare", prepared), ("model", fitted.model)])
    sample = world[0].slice(0, 6)
    files, proof = build_scorer_files(pipeline, problem.signature, sample)
    assert proof.compiled
    said = load_scorer(files.__getitem__, problem.signature).rows(sample.to_pylist())
    asked = kw.ask(judge, sample["text"].to_pylist()).answers
    assert said.probabilities is not None
    for probabilities, answer in zip(said.probabilities, asked, strict=True):
        raw = answer.details["classes"]
        wanted = np.array([raw["BAD"], raw["Good"]])
        assert probabilities == pytest.approx(wanted / wanted.sum(), abs=1e-4)


def test_is_measured_on_all_folds_beside_what_was_trained_on(tmp_path: Path) -> None:
    bert = str(tiny_bert(tmp_path / "tiny", WORDS))
    spec = TrainSpec(text_model=bert, learners=("embeddings",), folds=3, repeats=1)
    learners = installed(with_untrained(spec))
    framed = frame_problem(*reviews(rows=120), DataSpec(source="", target="label"), spec)
    search = Search(
        framed.problem, framed.folds, learners, Budget(600), SilentProgress(),
        spec=SearchSpec(trials=0),
    )  # fmt: skip
    trials = search.run()
    rows = {trial.candidate.name: trial.row() for trial in trials}
    untrained = rows["zero-shot/names"]
    assert len(untrained.scores) == 3
    best = next(row for name, row in rows.items() if name.startswith("embeddings"))
    told = worth_of_training(trials, framed.problem, search.primary)
    assert f"{best.name} has {best.mean:.3g}" in told
    assert f"as it is (zero-shot/names) {untrained.mean:.3g}" in told
    assert "s a fold of 66 rows" in told
    assert with_untrained(TrainSpec(learners=("linear",))) == ("linear",)


def test_names_are_compared_by_the_model_s_own_vectors(tmp_path: Path) -> None:
    from keepwell.features.networks.tokens import Tokens
    from keepwell.training.neural.pretrained.texts import load_encoder, tokenizer_of
    from keepwell.training.neural.pretrained.untrained import nearest_name

    bert = str(tiny_bert(tmp_path / "tiny", WORDS))
    encoder, tokens = load_encoder(bert), Tokens(*tokenizer_of(bert))

    def vector(text: str) -> Any:
        with torch.inference_mode():
            return encoder(torch.from_numpy(tokens.numbers(text))[None, :])[0]

    rows = torch.from_numpy(np.stack([tokens.filled(text) for text in ("great film", "useless")]))
    with torch.inference_mode():
        scores = nearest_name(bert, ["good", "bad"], 20.0)(rows)
    for at, text in enumerate(("great film", "useless")):
        wanted = [float(vector(text) @ vector(name)) * 20 for name in ("good", "bad")]
        assert scores[at].tolist() == pytest.approx(wanted, abs=1e-4)


def test_classes_without_words_need_some(tmp_path: Path, judge: Path) -> None:
    table, _ = reviews(rows=60)
    codes = [int(label == "good") for label in table["label"].to_pylist()]
    world = world_of({"text": table["text"], "label": codes}, text=ColumnType.TEXT)
    learner = installed(["zero-shot"])["zero-shot"]
    assert learner.candidates(problem_of(world, judge)) == []
    named = problem_of(world, judge, **{"0": "bad", "1": "good"})
    assert [one.name for one in learner.candidates(named)] == ["zero-shot/own-head"]
    others = problem_of(world, judge, **{"0": "not_liked", "1": "liked"})
    assert [one.name for one in learner.candidates(others)] == ["zero-shot/names"]
    with pytest.raises(UsageError, match="'zero-shot' needs a pretrained model of texts"):
        train(*world, DataSpec(source="", target="label"), TrainSpec(learners=("zero-shot",)))


def test_tells_what_training_was_worth_and_when_that_may_be_chance(judge: Path) -> None:
    problem = problem_of(reviews(rows=60), judge)
    learners = installed(["zero-shot", "transformer"])
    trials = [
        Trial(candidate=learners[name].candidates(problem)[0], learner=learners[name])
        for name in ("transformer", "zero-shot")
    ]
    tuned, untrained = trials
    assert worth_of_training(trials, problem, 3) == ""
    for fold, score in enumerate((0.8, 0.9, 0.85)):
        tuned.accept(fold, 1.0, Outcome(score=score, seconds=2.0))
    assert "has no names for the classes" in worth_of_training(trials, problem, 3)
    for fold in range(3):
        untrained.accept(fold, 1.0, Outcome(score=0.5, seconds=1.0))
    told = worth_of_training(trials, problem, 3)
    assert told.startswith(f"training was worth +0.35 {problem.metric} (+0.")
    assert "may be chance" not in told
    assert "2.0 s a fold" in told
    untrained.scores.update({0: 0.9, 1: 0.7, 2: 0.9})
    assert "may be chance" in worth_of_training(trials, problem, 3)
