"""Pretrained models for tests: made from a configuration, saved as their libraries save them."""

import json
from pathlib import Path
from typing import Any

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]


def tiny_bert(folder: Path, words: list[str]) -> Path:
    """A BERT of two narrow layers, with a tokenizer that knows these words and all letters."""
    import torch
    import transformers
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.processors import TemplateProcessing
    from transformers import BertConfig, BertModel

    letters = list("abcdefghijklmnopqrstuvwxyz-")
    vocabulary = [*SPECIAL, *letters, *(f"##{one}" for one in letters), *words]
    numbers = {word: at for at, word in enumerate(dict.fromkeys(vocabulary))}
    tokenizer: Any = Tokenizer(WordPiece(numbers, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    make: Any = transformers.PreTrainedTokenizerFast
    fast = make(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=48,
    )
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(numbers),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=48,
        max_position_embeddings=48,
    )
    model: Any = BertModel(config)
    model.save_pretrained(folder)
    return folder


def as_sentence_model(
    folder: Path, inner: str, pooling: dict[str, bool], *, more: str = ""
) -> Path:
    """What sentence-transformers writes around a transformer that is in `folder / inner`."""
    kinds = [("Transformer", inner), ("Pooling", "1_Pooling"), ("Normalize", "2_Normalize")]
    kinds += [(more, "3_More")] if more else []
    modules = [
        {"idx": at, "name": str(at), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for at, (kind, path) in enumerate(kinds)
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir(exist_ok=True)
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    return folder


def tiny_resnet_weights(*, deep: bool) -> dict[str, Any]:
    """A state dict with the names that torchvision gives the weights of a ResNet, narrow and short."""
    import torch

    torch.manual_seed(0)
    state: dict[str, Any] = {}

    def conv(name: str, wide: int, narrow: int, size: int) -> None:
        state[f"{name}.weight"] = torch.randn(wide, narrow, size, size) * 0.2

    def norm(name: str, wide: int) -> None:
        state[f"{name}.weight"], state[f"{name}.bias"] = torch.ones(wide), torch.zeros(wide)
        state[f"{name}.running_mean"] = torch.zeros(wide)
        state[f"{name}.running_var"] = torch.ones(wide)
        state[f"{name}.num_batches_tracked"] = torch.tensor(0)

    conv("conv1", 8, 3, 7)
    norm("bn1", 8)
    shapes = [(4, 8, 1), (4, 4, 3), (16, 4, 1)] if deep else [(8, 8, 3), (8, 8, 3)]
    for at, (wide, narrow, size) in enumerate(shapes, start=1):
        conv(f"layer1.0.conv{at}", wide, narrow, size)
        norm(f"layer1.0.bn{at}", wide)
    if deep:
        conv("layer1.0.downsample.0", 16, 8, 1)
        norm("layer1.0.downsample.1", 16)
    else:
        for at, (wide, narrow) in enumerate([(16, 8), (16, 16)], start=1):
            conv(f"layer2.0.conv{at}", wide, narrow, 3)
            norm(f"layer2.0.bn{at}", wide)
        conv("layer2.0.downsample.0", 16, 8, 1)
        norm("layer2.0.downsample.1", 16)
    state["fc.weight"], state["fc.bias"] = torch.zeros(10, 16), torch.zeros(10)
    return state


def tiny_vit(folder: Path) -> Path:
    """A vision transformer of one layer that sees 16 by 16 pixels."""
    from transformers import ViTConfig, ViTModel

    config = ViTConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        image_size=16,
        patch_size=8,
    )
    model: Any = ViTModel(config)
    model.save_pretrained(folder)
    return folder
