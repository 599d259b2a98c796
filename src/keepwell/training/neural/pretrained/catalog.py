"""What pretrained models lie in a folder: told from their own files, without loading one."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keepwell.core.errors import NotFoundError
from keepwell.training.neural.pretrained.folder import digest_of, document, weights_of

_LICENCE = re.compile(r"^license:\s*(.+?)\s*$", re.MULTILINE)
_HEAD = re.compile(r"\A---\n(.*?)\n---", re.DOTALL)
_TASKS = {
    "ForSequenceClassification": "classification of texts",
    "ForTokenClassification": "names in texts",
    "ForQuestionAnswering": "answers to questions",
    "ForMaskedLM": "words that are missing",
    "ForCausalLM": "text that goes on",
    "LMHeadModel": "text that goes on",
    "ForConditionalGeneration": "text from text",
    "ForImageClassification": "classification of pictures",
}
_SENTENCES = "vectors of sentences"
_WEIGHTS = (".safetensors", ".pth", ".pt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pretrained:
    """One model.

    Attributes:
        path: Its folder, or its file of weights.
        architecture: What its configuration calls it; empty for weights alone.
        task: What it was trained for; empty if nothing says so.
        key: The key of the project file that takes it: `text` or `images`; empty if neither does.
        size: Bytes of its weights.
        licence: As its card says; empty if it does not.
        sha256: Of configuration and weights.
    """

    path: Path
    architecture: str
    task: str
    key: str
    size: int
    licence: str
    sha256: str


def pretrained_in(folder: Path) -> list[Pretrained]:
    """Return the models in a folder and below it, by path.

    Raises:
        InvalidDataError: If a configuration is no JSON.
        NotFoundError: If there is no such folder.
    """
    if not folder.is_dir():
        raise NotFoundError(
            f"there is no folder {folder}",
            why="pretrained models are read from the disk and never downloaded",
            now="copy models there, or name the folder that has them: keepwell pretrained FOLDER",
        )
    return [described(path) for path in sorted(_models(folder))]


def _models(folder: Path) -> Iterator[Path]:
    """Yield folders with a configuration, and files of weights that lie in none of them."""
    if any((folder / name).is_file() for name in ("modules.json", "config.json")):
        yield folder
        return
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _models(path)
        elif path.suffix in _WEIGHTS and _holds_weights(path):
            yield path


def _holds_weights(path: Path) -> bool:
    """Tell whether a file is what its name says: Python keeps paths in files that end with `.pth`, too."""
    if path.suffix == ".safetensors":
        return True
    with path.open("rb") as file:
        return file.read(2) in (b"PK", b"\x80\x02")


def described(path: Path) -> Pretrained:
    """Return what a model's own files say of it."""
    config: dict[str, Any] = {}
    sentences = False
    if path.is_dir():
        modules: Any = document(path / "modules.json") or []
        sentences = bool(modules)
        inner = path / str(modules[0].get("path") or "") if sentences else path
        config = document(inner / "config.json")
    architecture = str((config.get("architectures") or [config.get("model_type", "")])[0])
    task = next((said for end, said in _TASKS.items() if architecture.endswith(end)), "")
    sees = "image_size" in config or "num_channels" in config or path.is_file()
    return Pretrained(
        path=path,
        architecture=architecture,
        task=_SENTENCES if sentences else task or ("" if path.is_file() else "encoder"),
        key="images" if sees else "text" if "vocab_size" in config else "",
        size=sum(file.stat().st_size for file in weights_of(path)),
        licence=_licence(path),
        sha256=digest_of(str(path)),
    )


def _licence(path: Path) -> str:
    try:
        card = (path / "README.md").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    head = _HEAD.match(card)
    found = _LICENCE.search(head[1]) if head else None
    return found[1].strip("'\"") if found else ""
