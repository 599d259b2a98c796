"""A pretrained model on the disk: where it is, and what vouches for which one it is."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from keepwell.core.errors import InvalidDataError, MissingExtraError, NotFoundError

WEIGHTS = ("*.safetensors", "pytorch_model*.bin", "*.pth", "*.pt", "*.onnx")


def model_at(path: str, *, file: bool = False) -> Path:
    """Return where a pretrained model is.

    Args:
        path: As the project file says it, made absolute.
        file: Whether a file of weights will do as well as a folder.

    Raises:
        NotFoundError: If nothing is there.
        InvalidDataError: If it is no model.
    """
    at = Path(path)
    if not at.exists():
        raise NotFoundError(
            f"there is no pretrained model at {at}",
            why="models are read from the disk and never downloaded",
            now="correct `model:` in keepwell.yaml, or copy the model's folder there: it holds config.json "
            "and model.safetensors",
        )
    if at.is_file() and file:
        return at
    if not (at / "config.json").is_file() and not (at / "modules.json").is_file():
        raise InvalidDataError(
            f"{at} is no pretrained model",
            why="a folder with config.json and its weights is wanted, as save_pretrained() writes it"
            + (", or a file of weights (.safetensors, .pth)" if file else ""),
            now="save the model there, or correct `model:` in keepwell.yaml",
        )
    return at


def document(path: Path) -> dict[str, Any]:
    """Return a JSON file's contents; nothing if it is not there.

    Raises:
        InvalidDataError: If it is no JSON.
    """
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InvalidDataError(
            f"{path} cannot be read", why=str(error)[:200], now="save the pretrained model again"
        ) from error
    return found


def weights_of(at: Path) -> list[Path]:
    """Return the files of weights of a model, sorted."""
    if at.is_file():
        return [at]
    return sorted({file for pattern in WEIGHTS for file in at.rglob(pattern)})


def digest_of(path: str) -> str:
    """Return the SHA-256 of a model's configuration and weights."""
    at = Path(path)
    stamps = tuple(
        (str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in weights_of(at)
    )
    return _digest(path, stamps)


@cache
def _digest(path: str, stamps: tuple[tuple[str, int, int], ...]) -> str:
    whole = hashlib.sha256()
    config = Path(path) / "config.json"
    if config.is_file():
        whole.update(config.read_bytes())
    for name, _, _ in stamps:
        with open(name, "rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def provenance(path: str) -> dict[str, str]:
    """Return what a leaderboard says of a pretrained model: its name, and which one it is."""
    return {"model": Path(path).name, "sha256": digest_of(path)[:16]}


def transformers_library() -> Any:
    """Return transformers, told to stay on this disk.

    Raises:
        MissingExtraError: If it is not installed.
    """
    try:
        import transformers
    except ImportError as error:
        raise MissingExtraError("a pretrained model", extra="nlp") from error
    logging: Any = transformers.logging
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    return transformers


def loaded(kind: str, at: Path, **settings: Any) -> Any:
    """Return what an `Auto…` class of transformers reads from a folder.

    Raises:
        InvalidDataError: If it cannot.
    """
    auto = getattr(transformers_library(), kind)
    try:
        return auto.from_pretrained(
            str(at), local_files_only=True, trust_remote_code=False, **settings
        )
    except Exception as error:  # whatever a broken folder makes it raise
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise InvalidDataError(
            f"transformers cannot read the model in {at}",
            why=(lines or [type(error).__name__])[0][:300],
            now="save model and tokenizer there with save_pretrained(); code of a model's own is not run",
        ) from error
