"""Models, tokenizers and processors from a folder, refused where a part of them is missing."""

import warnings
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from keepwell.core.errors import InvalidDataError
from keepwell.training.devices import gpus
from keepwell.training.neural.pretrained.folder import document, loaded

_TOKENIZERS = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "source.spm",
    "sentencepiece.bpe.model",
    "tokenizer.model",
)


def load_model(kind: str, at: Path) -> tuple[Any, str]:
    """Return a model that is ready to answer, and where it runs.

    Raises:
        InvalidDataError: If it cannot be read, or weights are missing that answers depend on.
    """
    import torch

    model, report = loaded(kind, at, dtype=torch.float32, output_loading_info=True)
    if missing := sorted(report["missing_keys"]):
        raise InvalidDataError(
            f"the model in {at} is not whole",
            why=f"its weights lack {missing[0]}"
            + (f" and {len(missing) - 1} more" if missing[1:] else "")
            + ": what it says would be chance",
            now="copy the folder of a model that was trained to the end and saved by save_pretrained()",
        )
    device = "cuda" if gpus() and torch.cuda.is_available() else "cpu"
    return model.eval().to(device), device


def load_tokenizer(at: Path) -> Any:
    """Return a model's tokenizer.

    Raises:
        InvalidDataError: If there is none, or it cannot be read.
    """
    if not any((at / name).is_file() for name in _TOKENIZERS):
        raise InvalidDataError(
            f"the model in {at} has no tokenizer",
            why="texts become numbers by the tokenizer that the model was trained with; "
            "none of its files is there (tokenizer.json, vocab.txt, spiece.model, …)",
            now=f'save it beside the model: AutoTokenizer.from_pretrained(…).save_pretrained("{at}")',
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what Marian would like to have for unusual punctuation
        return loaded("AutoTokenizer", at)


def load_processor(kind: str, at: Path, subject: str) -> Any:
    """Return what turns pictures or sounds into numbers.

    Raises:
        InvalidDataError: If there is none, or it cannot be read.
    """
    names = ("preprocessor_config.json", "processor_config.json")
    if not any((at / name).is_file() for name in names):
        raise InvalidDataError(
            f"the model in {at} does not say how it wants {subject}",
            why="there is no preprocessor_config.json",
            now=f'save it beside the model: {kind}.from_pretrained(…).save_pretrained("{at}")',
        )
    return loaded(kind, at)


def most_tokens(at: Path, tokenizer: Any) -> int:
    """Return how many tokens a model reads at once."""
    config = document(at / "config.json")
    limits = [int(min(tokenizer.model_max_length, 1 << 20))]
    for name in ("max_position_embeddings", "n_positions"):
        if config.get(name):
            limits.append(int(config[name]))
    # RoBERTa and its kin count positions from 2.
    shift = 2 if config.get("model_type") in ("roberta", "xlm-roberta", "camembert") else 0
    return min(limits[0], *(limit - shift for limit in limits[1:])) if limits[1:] else limits[0]


def inference() -> AbstractContextManager[None]:
    """Return what stands around asking: no gradients are kept."""
    import torch

    mode: AbstractContextManager[None] = torch.inference_mode()
    return mode
