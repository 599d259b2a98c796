"""Pretrained models, asked as they are. Each is made here, narrow and by chance."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_models import tiny

import keepwell as kw
from keepwell.core.errors import (
    InvalidDataError,
    MissingExtraError,
    NotFoundError,
    UsageError,
)
from keepwell.services.pretrained import USES, open_use
from keepwell.services.pretrained.kinds.transcribing import recording

torch = pytest.importorskip("torch", reason="needs the extra 'nlp'")
transformers = pytest.importorskip("transformers", reason="needs the extra 'nlp'")

WORDS = [
    "the",
    "film",
    "was",
    "good",
    "bad",
    "long",
    "who",
    "wrote",
    "it",
    "ada",
    "in",
    "spring",
    "and",
    "then",
    "we",
    "went",
    "home",
    "by",
    "train",
]
Make = Callable[..., Path]


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Make a model of a kind, once."""
    root, made = tmp_path_factory.mktemp("models"), dict[str, Path]()

    def one(kind: str, **config: Any) -> Path:
        key = f"{kind}{sorted(config.items())}"
        if key not in made:
            made[key] = tiny(kind, root / f"{kind}-{len(made)}", WORDS, **config)
        return made[key]

    return one


@pytest.fixture(scope="session")
def judge(make: Make) -> Path:
    names = {0: "bad", 1: "good", 2: "mixed"}
    folder = make("BertForSequenceClassification", id2label=names, num_labels=3)
    (folder / "README.md").write_text("---\nlicense: mit\n---\n")
    return folder


def test_says_the_class_of_a_text_and_which_model_said_it(judge: Path) -> None:
    asked = kw.ask(judge, ["the film was good", "the film was bad and long"])
    tokenizer = transformers.AutoTokenizer.from_pretrained(judge)
    model = transformers.BertForSequenceClassification.from_pretrained(judge).eval()
    for answer in asked.answers:
        with torch.inference_mode():
            said = model(**tokenizer(answer.asked, return_tensors="pt")).logits[0].softmax(0)
        assert answer.output == model.config.id2label[int(said.argmax())]
        assert answer.score == pytest.approx(float(said.max()), abs=1e-5)
        assert sum(answer.details["classes"].values()) == pytest.approx(1, abs=1e-4)
    which = asked.provenance
    assert (asked.task, which.architecture, which.licence) == (
        "sentiment",
        "BertForSequenceClassification",
        "mit",
    )
    assert len(which.sha256) == 64
    assert which.size == (judge / "model.safetensors").stat().st_size
    assert which.libraries["transformers"] == transformers.__version__


def test_tells_as_many_classes_as_are_wanted_and_reads_no_more_than_the_model_can(
    judge: Path,
) -> None:
    opened = open_use(judge)
    assert list(opened.ask(["good"], top=1).answers[0].details["classes"]) == [
        opened.ask(["good"]).answers[0].output
    ]
    endless = opened.ask(["good " * 500]).answers[0]
    assert endless.output == opened.ask(["good " * 400]).answers[0].output


def test_says_each_of_several_classes_that_hold_at_once(make: Make) -> None:
    folder = make(
        "BertForSequenceClassification",
        num_labels=4,
        problem_type="multi_label_classification",
        id2label={0: "a", 1: "b", 2: "c", 3: "d"},
    )
    answer = kw.ask(folder, "the film was long", top=4).answers[0]
    likely = [name for name, score in answer.details["classes"].items() if score >= 0.5]
    assert answer.output == (", ".join(likely) or "none")


def test_picks_the_words_of_a_text_that_answer(make: Make) -> None:
    folder = make("BertForQuestionAnswering")
    text = "ada wrote it in spring"
    answer = kw.ask(folder, "who wrote it", context=text, top=2).answers[0]
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.BertForQuestionAnswering.from_pretrained(folder).eval()
    read = tokenizer("who wrote it", text, return_tensors="pt", return_offsets_mapping=True)
    places = read.pop("offset_mapping")[0].tolist()
    with torch.inference_mode():
        said = model(**read)
    own = [at for at, kind in enumerate(read.sequence_ids(0)) if kind == 1]
    best = max(
        ((a, b) for a in own for b in own if b >= a),
        key=lambda pair: float(said.start_logits[0, pair[0]] + said.end_logits[0, pair[1]]),
    )
    assert answer.output == text[places[best[0]][0] : places[best[1]][1]]
    first, second = answer.details["answers"]
    assert text[first["start"] : first["end"]] == first["answer"] == answer.output
    assert second["end"] <= first["start"] or second["start"] >= first["end"]
    assert 0 < first["score"] + second["score"] + answer.details["unanswered"] <= 1


def test_finds_an_answer_far_down_a_text_that_the_model_cannot_read_at_once(make: Make) -> None:
    folder = make("BertForQuestionAnswering")
    text = " ".join(["home"] * 150 + ["ada"] + ["home"] * 150)
    answer = kw.ask(folder, "who wrote it", context=text, top=400).answers[0]
    read = [(one["start"], one["end"]) for one in answer.details["answers"]]
    assert min(start for start, _ in read) < 100
    assert max(end for _, end in read) > len(text) - 100


def test_writes_on_the_same_way_each_time_and_as_freely_as_it_is_told(make: Make) -> None:
    opened = open_use(make("GPT2LMHeadModel", eos_token_id=None))
    first = opened.ask(["the film was"], length=6).answers[0]
    assert first.details["tokens"] == 6
    assert first.output
    assert not first.output.startswith("the film was")
    assert opened.ask(["the film was"], length=6).answers[0] == first
    drawn = [
        opened.ask(["the film was"], length=6, temperature=3.0, seed=seed).answers[0].output
        for seed in (1, 2, 1)
    ]
    assert drawn[0] == drawn[2] != drawn[1]
    before = torch.random.get_rng_state()
    opened.ask(["we went " * 60], length=4, temperature=1.0)
    assert torch.equal(before, torch.random.get_rng_state())


def test_a_chat_model_is_asked_in_a_turn_of_its_own(make: Make) -> None:
    plain = make("GPT2LMHeadModel", eos_token_id=None)
    chat = plain.parent / "chat"
    shutil.copytree(plain, chat)
    (chat / "chat_template.jinja").write_text("[CLS] {{ messages[0].content }} then we [SEP]")
    said = kw.ask(chat, "ada went home", length=5).answers[0].output
    assert said == kw.ask(plain, "ada went home then we", length=5).answers[0].output
    assert said != kw.ask(plain, "ada went home", length=5).answers[0].output


def test_translates_by_words_in_front_and_summarizes(make: Make) -> None:
    known = {
        "translation_en_to_de": {"prefix": "translate english to german: "},
        "summarization": {"prefix": "summarize: "},
    }
    folder = make(
        "T5ForConditionalGeneration", task_specific_params=known, tie_word_embeddings=False
    )
    with pytest.raises(UsageError, match=r"what is .* to do"):
        kw.ask(folder, "we went home")
    said = kw.ask(folder, "we went home", task="translate", source="en", target="de", length=8)
    by_hand = kw.ask(
        folder, "translate english to german: we went home", task="translate", length=8
    )
    assert said.answers[0].output == by_hand.answers[0].output
    assert said.answers[0].details["to"] == "de"
    short = kw.ask(folder, "we went home", task="summarize", length=8).answers[0]
    assert short.output != said.answers[0].output
    with pytest.raises(UsageError, match="does not translate from 'en' to 'fr'") as refused:
        kw.ask(folder, "we went home", task="translate", source="en", target="fr")
    assert "en to de" in refused.value.why


def test_translates_by_a_model_of_one_pair_of_languages(tmp_path: Path) -> None:
    """Marian's tokenizer is made of two files of sentencepiece and a vocabulary."""
    sentencepiece = pytest.importorskip("sentencepiece")
    lines = tmp_path / "lines.txt"
    lines.write_text("\n".join(" ".join(WORDS[at:] + WORDS[:at]) for at in range(len(WORDS))))
    sentencepiece.SentencePieceTrainer.train(
        input=str(lines), model_prefix=str(tmp_path / "m"), vocab_size=40, minloglevel=3
    )
    folder = tiny("MarianMTModel", tmp_path / "en-de", WORDS, vocab_size=41)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(tmp_path / "m.model"))
    vocabulary = ["<pad>", "<unk>", "<s>", "</s>"]
    vocabulary += [pieces.id_to_piece(at) for at in range(3, pieces.get_piece_size())]
    numbers = {piece: at for at, piece in enumerate(vocabulary)}
    (folder / "vocab.json").write_text(json.dumps(numbers))
    for name in ("source.spm", "target.spm"):
        shutil.copy(tmp_path / "m.model", folder / name)
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "MarianTokenizer"}')
    asked = kw.ask(folder, "we went home", length=8)
    assert asked.task == "translate"
    assert asked.answers[0].details["tokens"] > 1
    with pytest.raises(UsageError, match=r"was made for one pair of languages|does not translate"):
        kw.ask(folder, "we went home", source="en", target="de")


def test_says_what_a_picture_shows(make: Make, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    folder = make("ViTForImageClassification", id2label={0: "cat", 1: "dog"}, num_labels=2)
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    image.fromarray(pixels).save(tmp_path / "shot.png")
    answer = kw.ask(folder, str(tmp_path / "shot.png")).answers[0]
    assert answer.output in ("cat", "dog")
    assert answer.score == pytest.approx(max(answer.details["classes"].values()), abs=1e-5)
    with pytest.raises(NotFoundError, match="there is no picture"):
        kw.ask(folder, str(tmp_path / "gone.png"))
    (tmp_path / "torn.png").write_bytes(b"\x89PNG no")
    with pytest.raises(InvalidDataError, match="is no picture that can be read"):
        kw.ask(folder, str(tmp_path / "torn.png"))


@pytest.fixture
def call(tmp_path: Path) -> Path:
    from scipy.io import wavfile

    times = np.arange(8000) / 8000
    sound = (np.sin(2 * np.pi * 300 * times) * 20000).astype(np.int16)
    wavfile.write(tmp_path / "call.wav", 8000, np.stack([sound, sound], axis=1))
    return tmp_path / "call.wav"


@pytest.mark.parametrize("kind", ["Wav2Vec2ForCTC", "WhisperForConditionalGeneration"])
def test_writes_down_what_is_said(make: Make, call: Path, kind: str) -> None:
    asked = kw.ask(make(kind), str(call))
    assert asked.task == "transcribe"
    assert asked.answers[0].details["seconds"] == 1.0
    assert kw.ask(make(kind), str(call)).answers == asked.answers


def test_a_recording_is_heard_at_the_rate_of_the_model(call: Path, tmp_path: Path) -> None:
    own, doubled = recording(str(call), 8000), recording(str(call), 16000)
    assert (len(own), len(doubled)) == (8000, 16000)
    assert np.abs(own - doubled[::2])[200:-200].max() < 0.02
    assert np.abs(own).max() == pytest.approx(20000 / 32768, abs=1e-3)
    (tmp_path / "song.mp3").write_bytes(b"ID3 no wave")
    with pytest.raises(InvalidDataError, match="is no WAV file") as refused:
        recording(str(tmp_path / "song.mp3"), 16000)
    assert "ffmpeg -i song.mp3" in refused.value.now


def test_a_model_is_found_by_its_name(judge: Path, tmp_path: Path) -> None:
    shutil.copytree(judge, tmp_path / "deep" / "sentiment")
    asked = kw.ask("sentiment", "good", models=tmp_path)
    assert asked.provenance.model == str(tmp_path / "deep" / "sentiment")
    with pytest.raises(NotFoundError, match="there is no pretrained model 'sentment'") as refused:
        kw.ask("sentment", "good", models=tmp_path)
    assert refused.value.now == "did you mean 'sentiment'?"
    shutil.copytree(judge, tmp_path / "other" / "sentiment")
    with pytest.raises(UsageError, match="which 'sentiment' is meant"):
        kw.ask("sentiment", "good", models=tmp_path)


def test_refuses_a_task_that_the_model_was_not_made_for(judge: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not made for 'qa'") as refused:
        kw.ask(judge, "who", task="qa", context="ada")
    assert "which does: sentiment" in refused.value.why
    with pytest.raises(UsageError, match="there is no task 'sentment'") as unknown:
        kw.ask(judge, "who", task="sentment")
    assert unknown.value.now == "did you mean 'sentiment'?"
    (tmp_path / "config.json").write_text('{"architectures": ["BertModel"], "vocab_size": 9}')
    with pytest.raises(UsageError, match="cannot be asked") as encoder:
        kw.ask(tmp_path, "who", task="sentiment")
    assert "`text: {model:" in encoder.value.now


def test_refuses_options_that_mean_nothing_to_the_task(judge: Path, make: Make) -> None:
    with pytest.raises(UsageError, match="'sentiment' takes no --temperature"):
        kw.ask(judge, "good", temperature=0.5)
    with pytest.raises(UsageError, match="where is the answer to be found"):
        kw.ask(make("BertForQuestionAnswering"), "who")


def test_says_which_part_of_a_model_is_missing(judge: Path, tmp_path: Path, make: Make) -> None:
    from safetensors.torch import load_file, save_file

    dumb = tmp_path / "dumb"
    shutil.copytree(judge, dumb)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (dumb / name).unlink()
    with pytest.raises(InvalidDataError, match="has no tokenizer") as refused:
        kw.ask(dumb, "good")
    assert str(dumb) in refused.value.now
    headless = tmp_path / "headless"
    shutil.copytree(judge, headless)
    weights = load_file(headless / "model.safetensors")
    del weights["classifier.weight"]
    save_file(weights, headless / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InvalidDataError, match="is not whole") as chance:
        kw.ask(headless, "good")
    assert "classifier.weight" in chance.value.why
    blind = tmp_path / "blind"
    shutil.copytree(make("ViTForImageClassification", num_labels=2), blind)
    (blind / "preprocessor_config.json").unlink()
    with pytest.raises(InvalidDataError, match="how it wants pictures"):
        kw.ask(blind, "x.png")


def test_says_which_extra_is_missing(judge: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keepwell.services.pretrained.asking.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="needs the extra 'nlp'"):
        kw.ask(judge, "good")


def test_every_use_names_a_class_that_answers() -> None:
    from importlib import import_module

    for use in USES.values():
        module, _, name = use.at.partition(":")
        assert callable(getattr(import_module(module), name).answer)
