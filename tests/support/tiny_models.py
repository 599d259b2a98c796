"""Pretrained models for tests: made from a configuration, saved as their libraries save them."""

import json
from pathlib import Path
from typing import Any

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]


def save_tokenizer(folder: Path, words: list[str], **more: Any) -> int:
    """A tokenizer of word pieces that knows these words and all letters; returns how many it knows."""
    import transformers
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.processors import TemplateProcessing

    letters = list("abcdefghijklmnopqrstuvwxyz-")
    vocabulary = [*SPECIAL, *letters, *(f"##{one}" for one in letters), *words]
    numbers = {word: at for at, word in enumerate(dict.fromkeys(vocabulary))}
    tokenizer: Any = Tokenizer(WordPiece(numbers, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    make: Any = transformers.PreTrainedTokenizerFast
    fast = make(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=48,
        **more,
    )
    fast.save_pretrained(folder)
    return len(numbers)


def tiny_bert(folder: Path, words: list[str]) -> Path:
    """A BERT of two narrow layers, with a tokenizer that knows these words and all letters."""
    import torch
    from transformers import BertConfig, BertModel

    numbers = save_tokenizer(folder, words)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=numbers,
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


def tiny(kind: str, folder: Path, words: list[str], **config: Any) -> Path:
    """A BERT with a head, a GPT-2, a T5, a ViT with classes, a Wav2Vec2 or a Whisper, with all that it needs.

    Its weights are chance, and large, so that it is sure of what it says.
    """
    import torch
    import transformers

    torch.manual_seed(0)
    narrow = {
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 48,
    }
    sizes: dict[str, dict[str, Any]] = {
        "BertForSequenceClassification": {**narrow, "max_position_embeddings": 48},
        "BertForQuestionAnswering": {**narrow, "max_position_embeddings": 48},
        "GPT2LMHeadModel": {"n_embd": 32, "n_layer": 1, "n_head": 2, "n_positions": 48},
        "T5ForConditionalGeneration": {"d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 1, "num_heads": 2},
        "MarianMTModel": {"d_model": 32, "encoder_layers": 1, "decoder_layers": 1,
                          "encoder_attention_heads": 2, "decoder_attention_heads": 2,
                          "encoder_ffn_dim": 48, "decoder_ffn_dim": 48, "max_position_embeddings": 48},
        "ViTForImageClassification": {**narrow, "image_size": 16, "patch_size": 8},
        "Wav2Vec2ForCTC": {**narrow, "conv_dim": (16, 16), "conv_stride": (20, 16), "conv_kernel": (40, 16),
                           "num_feat_extract_layers": 2, "num_conv_pos_embeddings": 4,
                           "num_conv_pos_embedding_groups": 2},
        "WhisperForConditionalGeneration": {
            "d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
            "decoder_attention_heads": 2, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48, "num_mel_bins": 8,
            "max_source_positions": 1500, "max_target_positions": 48,
        },
    }  # fmt: skip
    if kind.startswith("ViT"):
        transformers.ViTImageProcessorPil(size={"height": 16, "width": 16}).save_pretrained(folder)
    else:
        config = {"vocab_size": save_tokenizer(folder, words), **config}
    if kind.startswith("Wav2Vec2"):
        transformers.Wav2Vec2FeatureExtractor(sampling_rate=8000).save_pretrained(folder)
    if kind.startswith("Whisper"):
        hears = transformers.WhisperFeatureExtractor(feature_size=8, sampling_rate=16000)
        hears.save_pretrained(folder)
    if kind.startswith(("GPT", "T5", "Marian", "Whisper")):
        marks = {
            "pad_token_id": 0,
            "bos_token_id": 2,
            "eos_token_id": 3,
            "decoder_start_token_id": 2,
        }
        config = {**marks, **config}
    if kind.startswith("Wav2Vec2"):
        config = {"pad_token_id": 0, **config}
    model_class = getattr(transformers, kind)
    model: Any = model_class(model_class.config_class(**sizes[kind], **config))
    with torch.no_grad():
        for values in model.parameters():
            if values.ndim > 1:
                values.normal_(std=0.4 if kind[0] != "T" else 1.5)
    model.save_pretrained(folder)
    return folder
