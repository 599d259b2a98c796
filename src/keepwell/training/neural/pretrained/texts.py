"""Encoders of texts: a Hugging Face folder, or one of sentence-transformers."""

import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

# Loaded only where a network is made or read: never by `import keepwell`.
import torch  # noqa: TID253
from torch import nn  # noqa: TID253

from keepwell.core.errors import InvalidDataError
from keepwell.features.networks.tokens import Tokens
from keepwell.features.networks.writing import to_graph
from keepwell.features.preparation import PretrainedText
from keepwell.training.neural.pretrained.folder import digest_of, document, loaded, model_at

LONGEST = 256
"""Most word pieces of a text that are read, unless a model takes fewer."""

_VERSION = 1  # of what is written to the cache


class TextEncoder(nn.Module):
    """From word pieces, filled up with -1, to one vector.

    Args:
        model: Gives a state for each piece.
        pooling: `mean`, `cls` or `max` of them.
        normalized: Whether vectors have length 1.
    """

    pieces = True

    def __init__(self, model: Any, pooling: str, *, normalized: bool) -> None:
        super().__init__()
        self.model, self.pooling, self.normalized = model, pooling, normalized

    @property
    def width(self) -> int:
        """Numbers of a vector."""
        return int(self.model.config.hidden_size)

    def forward(self, rows: Any) -> Any:
        """Return a vector for each row."""
        mask = (rows >= 0).long()
        states = self.model(
            input_ids=rows.clamp(min=0).long(), attention_mask=mask
        ).last_hidden_state
        if self.pooling == "cls":
            vectors = states[:, 0]
        elif self.pooling == "max":
            vectors = states.masked_fill(mask[:, :, None] == 0, -1e9).amax(dim=1)
        else:
            weights = mask[:, :, None].to(states.dtype)
            vectors = (states * weights).sum(dim=1) / weights.sum(dim=1)
        return nn.functional.normalize(vectors, dim=1) if self.normalized else vectors


def load_encoder(path: str) -> TextEncoder:
    """Return the encoder of a folder.

    Raises:
        InvalidDataError: If it is none that can be read.
        MissingExtraError: If transformers is not installed.
        NotFoundError: If nothing is there.
    """
    at = model_at(path)
    inner, pooling, normalized = _modules(at)
    model = loaded("AutoModel", inner, attn_implementation="eager", dtype=torch.float32)
    if getattr(model.config, "is_encoder_decoder", False):
        model = model.get_encoder()
    return TextEncoder(model.eval(), pooling, normalized=normalized)


def tokenizer_of(path: str) -> tuple[str, int]:
    """Return the tokenizer of a folder as `tokenizer.json` holds it, and the most pieces of a text."""
    inner, _, _ = _modules(model_at(path))
    tokenizer = loaded("AutoTokenizer", inner)
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise InvalidDataError(
            f"the tokenizer in {inner} has no form that can be served",
            why=f"{type(tokenizer).__name__} is written in Python; a tokenizer.json is wanted",
            now="save a fast tokenizer beside the model: AutoTokenizer.from_pretrained(…).save_pretrained(…)",
        )
    limits = [LONGEST, int(min(tokenizer.model_max_length, 1 << 20))]
    limits += [
        int(value)
        for value in (
            document(inner / "config.json").get("max_position_embeddings"),
            document(inner / "sentence_bert_config.json").get("max_seq_length"),
        )
        if value
    ]
    return str(backend.to_str()), max(2, min(limits))


@cache
def text_encoder(path: str, *, vectors: bool) -> PretrainedText:
    """Return what texts are prepared by.

    The encoder as ONNX takes seconds to write: it is kept in the user's cache, under its digest.

    Args:
        path: The model's folder.
        vectors: Whether vectors are wanted, or only pieces.
    """
    tokenizer, length = tokenizer_of(path)
    if not vectors:
        return PretrainedText(tokenizer=tokenizer, length=length)
    file = _cache() / f"{digest_of(path)}-{_VERSION}.onnx"
    try:
        graph = file.read_bytes()
    except OSError:
        sample = Tokens(tokenizer, length).numbers(
            "Texts are read by their pieces, one after the other."
        )
        graph, _ = to_graph(load_encoder(path), sample[None, :], trimmed=True, columns=True)
        _keep(file, graph)
    return PretrainedText(
        tokenizer=tokenizer, length=length, graph=np.frombuffer(graph, dtype=np.uint8)
    )


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "keepwell" / "encoders"


def _keep(file: Path, data: bytes) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as torn:
            torn.write(data)
        Path(torn.name).replace(file)
    except OSError:  # no cache to be had: it is written again next time
        return


def _modules(at: Path) -> tuple[Path, str, bool]:
    """Return where the transformer is, how its states become a vector, and whether that is normalized."""
    modules: Any = document(at / "modules.json") or []
    if not modules:
        return at, "mean", True
    inner, pooling, normalized = at, "mean", False
    for module in modules:
        kind, where = str(module["type"]).rpartition(".")[2], at / str(module.get("path") or "")
        if kind == "Transformer":
            inner = where
        elif kind == "Pooling":
            pooling = _pooling(document(where / "config.json"), where)
        elif kind == "Normalize":
            normalized = True
        elif kind != "Dropout":
            raise InvalidDataError(
                f"the sentence model in {at} has a module '{kind}'",
                why="Transformer, Pooling, Normalize and Dropout are known",
                now="use a sentence model without it, or the folder of its transformer alone",
            )
    return inner, pooling, normalized


def _pooling(settings: dict[str, Any], where: Path) -> str:
    said = settings.get("pooling_mode")
    if said in ("mean", "cls", "max"):
        return str(said)
    for name, key in (("cls", "cls_token"), ("mean", "mean_tokens"), ("max", "max_tokens")):
        if settings.get(f"pooling_mode_{key}"):
            return name
    raise InvalidDataError(
        f"{where} pools word pieces in a way that is not known",
        why="mean, cls and max are",
        now="use another sentence model",
    )
