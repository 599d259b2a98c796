"""Texts read by a pretrained model: its vectors under a head, and all of it trained on."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from review_texts import BAD, FILLER, GOOD, reviews
from tiny_models import as_sentence_model, tiny_bert
from training_worlds import World

from keepwell.core.errors import InvalidDataError, NotFoundError, UsageError
from keepwell.core.spec import DataSpec, LearnerSpec, SearchSpec, TrainSpec
from keepwell.deployment.scoring import build_scorer_files, load_scorer
from keepwell.training import train
from keepwell.training.framing import frame_problem
from keepwell.training.learners import installed
from keepwell.training.trained import Trained

torch = pytest.importorskip("torch", reason="needs the extra 'nlp'")
pytest.importorskip("transformers", reason="needs the extra 'nlp'")
pytest.importorskip("onnxscript")


@pytest.fixture(scope="session")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("models") / "tiny", [*GOOD, *BAD, *FILLER])


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


def trained_by(world: World, learner: str | LearnerSpec, model: Path) -> Trained:
    spec = TrainSpec(
        budget=60,
        folds=2,
        repeats=1,
        ensemble=1,
        search=SearchSpec(trials=0),
        learners=(learner,),
        text_model=str(model),
    )
    return train(*world, DataSpec(source="", target="label"), spec)


def served(world: World, trained: Trained) -> tuple[dict[str, bytes], float]:
    """The files, after rows alone were found to be answered as they are together."""
    sample = world[0].slice(0, 12)
    files, proof = build_scorer_files(trained.pipeline, trained.signature, sample)
    assert proof.compiled
    assert not proof.kept
    scorer = load_scorer(files.__getitem__, trained.signature)
    rows = sample.to_pylist()
    together = scorer.rows(rows).probabilities
    alone = [scorer.rows([row]).probabilities for row in rows]
    assert together is not None
    assert np.abs(together - np.array([one[0] for one in alone if one is not None])).max() <= 1e-9
    return files, proof.largest_difference


def test_vectors_carry_a_linear_head(bert: Path, cache: Path) -> None:
    world = reviews(rows=160)
    trained = trained_by(world, "embeddings", bert)
    row = next(row for row in trained.leaderboard if row.learner == "embeddings")
    assert row.params["model"] == "tiny"
    assert len(str(row.params["sha256"])) == 16
    assert trained.learner == "embeddings"
    assert trained.importance["text"] > 0.5
    files, apart = served(world, trained)
    assert {"encoder.onnx", "tokenizer.json"} <= set(files)
    assert apart <= 1e-9
    assert len(list(cache.rglob("*.onnx"))) == 1


def test_all_of_it_is_trained_on_and_served_as_a_graph(bert: Path) -> None:
    world = reviews(rows=160)
    learner = LearnerSpec(name="transformer", params={"rate": 0.004, "epochs": 4})
    trained = trained_by(world, learner, bert)
    assert trained.learner == "transformer"
    assert trained.metrics["accuracy"].value > 0.7
    files, apart = served(world, trained)
    assert {"network.onnx", "tokenizer.json"} <= set(files)
    assert 0 < apart < 1e-5


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [({"pooling_mode_cls_token": True}, "cls"), ({"pooling_mode_mean_tokens": True}, "mean")],
)
def test_reads_a_sentence_model_as_its_own_library_does(
    tmp_path: Path, pooling: dict[str, bool], expected: str
) -> None:
    from keepwell.training.neural.pretrained.texts import load_encoder, tokenizer_of

    tiny_bert(tmp_path / "0_Transformer", GOOD)
    as_sentence_model(tmp_path, "0_Transformer", pooling)
    encoder = load_encoder(str(tmp_path))
    assert (encoder.pooling, encoder.normalized) == (expected, True)
    _, length = tokenizer_of(str(tmp_path))
    assert length == 48
    filled = torch.tensor([[2.0, 9.0, 3.0, -1.0, -1.0]])
    with torch.inference_mode():
        alone, padded = encoder(filled[:, :3]), encoder(filled)
    assert torch.allclose(alone, padded, atol=1e-6)
    assert float(alone.norm()) == pytest.approx(1.0, abs=1e-6)


def test_refuses_a_sentence_model_with_a_module_that_it_does_not_know(tmp_path: Path) -> None:
    from keepwell.training.neural.pretrained.texts import load_encoder

    as_sentence_model(tmp_path, "", {"pooling_mode_mean_tokens": True}, more="WordWeights")
    with pytest.raises(InvalidDataError, match="module 'WordWeights'"):
        load_encoder(str(tmp_path))


def test_says_what_is_wrong_with_a_model_before_time_is_spent(tmp_path: Path, bert: Path) -> None:
    world = reviews(rows=60)
    with pytest.raises(NotFoundError, match="no pretrained model at"):
        trained_by(world, "embeddings", tmp_path / "gone")
    with pytest.raises(InvalidDataError, match="is no pretrained model"):
        trained_by(world, "embeddings", tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "no such thing"}))
    with pytest.raises(InvalidDataError, match="transformers cannot read"):
        trained_by(world, "embeddings", tmp_path)
    spec = TrainSpec(learners=("transformer",))
    with pytest.raises(
        UsageError, match="'transformer' needs a pretrained model of texts"
    ) as lacking:
        train(*world, DataSpec(source="", target="label"), spec)
    assert "text: {model:" in lacking.value.now


def test_offers_nothing_without_texts_or_model(churn: World, bert: Path) -> None:
    data = DataSpec(source="", target="left")
    with_model = frame_problem(*churn, data, TrainSpec(text_model=str(bert))).problem
    without = frame_problem(*reviews(), DataSpec(source="", target="label"), TrainSpec()).problem
    for name in ("embeddings", "transformer"):
        learner = installed([name])[name]
        assert learner.candidates(with_model) == []
        assert learner.candidates(without) == []
