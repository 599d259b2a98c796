"""`keepwell pretrained`: what lies in a folder of models."""

import json
import zipfile
from pathlib import Path
from typing import Any


def model(folder: Path, config: dict[str, Any], card: str = "") -> None:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "model.safetensors").write_bytes(b"x" * 2_000_000)
    if card:
        (folder / "README.md").write_text(card)


def test_models_are_told_by_their_own_files(keepwell: Any, tmp_path: Path) -> None:
    bert = {"architectures": ["BertForSequenceClassification"], "vocab_size": 9}
    card = "---\nlanguage: en\nlicense: apache-2.0\n---\n# A model\n"
    model(tmp_path / "a" / "sentiment", bert, card)
    model(tmp_path / "b", {"architectures": ["ViTModel"], "image_size": 224})
    model(tmp_path / "c" / "0_Transformer", {"architectures": ["BertModel"], "vocab_size": 9})
    modules = [{"type": "sentence_transformers.models.Transformer", "path": "0_Transformer"}]
    (tmp_path / "c" / "modules.json").write_text(json.dumps(modules))
    with zipfile.ZipFile(tmp_path / "resnet.pth", "w") as file:
        file.writestr("data", "weights")
    (tmp_path / "site.pth").write_text("import site")
    found = {
        Path(one["path"]).relative_to(tmp_path).as_posix(): one
        for one in keepwell("pretrained", str(tmp_path), "--json").document
    }
    assert list(found) == ["a/sentiment", "b", "c", "resnet.pth"]
    first = found["a/sentiment"]
    assert (first["task"], first["license"]) == ("classification of texts", "apache-2.0")
    assert (first["key"], first["bytes"]) == ("train.text.model", 2_000_000)
    assert len(first["sha256"]) == 64
    assert (found["b"]["key"], found["b"]["license"]) == ("train.images.model", None)
    assert (found["c"]["task"], found["c"]["key"]) == ("vectors of sentences", "train.text.model")
    assert found["resnet.pth"]["key"] == "train.images.model"
    shown = keepwell("pretrained", str(tmp_path)).out
    assert "2.0 MB" in shown
    assert first["sha256"][:16] in shown


def test_an_empty_folder_and_none_are_said_so(keepwell: Any, tmp_path: Path) -> None:
    assert "no pretrained model lies in" in keepwell("pretrained", str(tmp_path)).out
    ended = keepwell("pretrained", str(tmp_path / "gone"))
    assert ended.code == 1
    assert "keepwell pretrained FOLDER" in ended.err
