"""Pretrained models of pictures: found out from their weights, and trained on."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_models import tiny_resnet_weights, tiny_vit
from training_worlds import World

from keepwell.core.errors import InvalidDataError, NotFoundError, UsageError
from keepwell.core.spec import DataSpec, LearnerSpec, SearchSpec, TrainSpec
from keepwell.deployment.scoring import build_scorer_files
from keepwell.training import train

torch = pytest.importorskip("torch", reason="needs the extra 'torch'")
pytest.importorskip("onnxscript")


def test_all_of_a_model_is_trained_on_and_served_as_a_graph(
    stripe_world: World, tmp_path: Path
) -> None:
    file = tmp_path / "tiny.pth"
    torch.save(tiny_resnet_weights(deep=False), file)
    settings = {"train": "all", "epochs": 4, "rate": 0.01, "batch": 16}
    spec = TrainSpec(
        budget=60,
        folds=2,
        repeats=1,
        ensemble=1,
        search=SearchSpec(trials=0),
        learners=(LearnerSpec(name="transfer", params=settings),),
        image_model=str(file),
    )
    trained = train(*stripe_world, DataSpec(source="", target="label"), spec)
    row = next(row for row in trained.leaderboard if row.learner == "transfer")
    assert row.params["model"] == "tiny.pth"
    assert row.params["preparation.side"] == 96
    assert trained.learner == "transfer"
    sample = stripe_world[0].slice(0, 6)
    _, proof = build_scorer_files(trained.pipeline, trained.signature, sample)
    assert proof.compiled
    assert proof.largest_difference < 1e-5


@pytest.mark.parametrize("deep", [False, True])
def test_a_resnet_is_read_off_its_weights(tmp_path: Path, deep: bool) -> None:
    safetensors = pytest.importorskip("safetensors.torch")
    from keepwell.training.neural.pretrained.pictures import load_eye

    file = tmp_path / "resnet.safetensors"
    safetensors.save_file(tiny_resnet_weights(deep=deep), file)
    eye, seen = load_eye(str(file))
    assert seen == 16
    pictures = torch.rand(2, 3, 40, 40)
    with torch.inference_mode():
        assert eye(pictures).shape == (2, 16)
        assert not torch.allclose(eye(pictures[:1]), eye(pictures[1:]))


def test_a_hugging_face_folder_says_its_size_and_colours(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    from keepwell.training.neural.pretrained.pictures import load_eye, side_of

    folder = str(tiny_vit(tmp_path / "vit"))
    assert side_of(folder) == 16
    _, seen = load_eye(folder)
    assert seen == 16
    Path(folder, "preprocessor_config.json").write_text(
        '{"size": {"height": 16, "width": 16}, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}'
    )
    eye, _ = load_eye(folder)
    assert np.allclose(eye.mean.numpy(), 0.5)


def test_what_rests_keeps_its_statistics(tmp_path: Path) -> None:
    from keepwell.training.neural.pretrained.pictures import load_eye

    file = tmp_path / "tiny.pth"
    torch.save({"state_dict": tiny_resnet_weights(deep=True)}, file)
    eye, _ = load_eye(str(file))
    norm: Any = eye.inner.bn1
    before = norm.running_mean.clone()
    for rests, same in ((True, True), (False, False)):
        eye.rests = rests
        eye.train()
        eye(torch.rand(4, 3, 32, 32))
        assert torch.equal(norm.running_mean, before) is same


def test_says_what_is_wrong_with_a_model(stripe_world: World, tmp_path: Path) -> None:
    from keepwell.training.neural.pretrained.pictures import load_eye

    data = DataSpec(source="", target="label")
    with pytest.raises(NotFoundError, match="no pretrained model at"):
        train(*stripe_world, data, TrainSpec(image_model=str(tmp_path / "gone.pth")))
    with pytest.raises(UsageError, match="'transfer' needs a pretrained model of pictures"):
        train(*stripe_world, data, TrainSpec(learners=("transfer",)))
    strange, code = tmp_path / "strange.pth", tmp_path / "code.pth"
    torch.save({"features.0.weight": torch.zeros(3)}, strange)
    with pytest.raises(InvalidDataError, match="a model that is not known") as unknown:
        load_eye(str(strange))
    assert "conv1.weight" in unknown.value.why
    torch.save(Path("/"), code)  # a pickle that would run code of its own
    with pytest.raises(InvalidDataError, match="cannot be read as weights"):
        load_eye(str(code))
