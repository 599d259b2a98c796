"""What is said in a recording."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import InvalidDataError, NotFoundError
from keepwell.services.pretrained.answers import Answer, Options
from keepwell.services.pretrained.kinds.generating import how
from keepwell.services.pretrained.kinds.loading import (
    inference,
    load_model,
    load_processor,
    load_tokenizer,
)
from keepwell.services.pretrained.kinds.rewriting import room
from keepwell.training.neural.pretrained.folder import document

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SECONDS = 30  # of a recording that are heard at once: what Whisper was made for


class Transcriber:
    """A model that hears: one that writes word by word, or one that names a letter for each moment."""

    def __init__(self, at: Path) -> None:
        self._hears = load_processor("AutoFeatureExtractor", at, "sounds")
        self._tokenizer = load_tokenizer(at)
        self._at = at
        names = document(at / "config.json").get("architectures") or [""]
        self._letters = str(names[0]).endswith("ForCTC")
        kind = "AutoModelForCTC" if self._letters else "AutoModelForSpeechSeq2Seq"
        self._model, self.device = load_model(kind, at)

    def answer(self, asked: str, options: Options) -> Answer:
        """Return what is said; long recordings are heard in pieces of half a minute."""
        rate = int(self._hears.sampling_rate)
        sound = recording(asked, rate)
        pieces = [
            self._heard(sound[start : start + _SECONDS * rate], rate, options)
            for start in range(0, len(sound), _SECONDS * rate)
        ]
        output = " ".join(piece for piece in pieces if piece)
        return Answer(asked=asked, output=output, details={"seconds": round(len(sound) / rate, 3)})

    def _heard(self, sound: "NDArray[np.float32]", rate: int, options: Options) -> str:
        numbers = self._hears(sound, sampling_rate=rate, return_tensors="pt")
        known = {name: values.to(self.device) for name, values in numbers.items()}
        with inference():
            if self._letters:
                said = self._model(**known).logits[0].argmax(dim=-1)
            else:
                more: dict[str, Any] = {"language": options.source} if options.source else {}
                length = room(self._at, options)
                said = self._model.generate(
                    **known, **how(self._tokenizer, options, length), **more
                )[0]
        return str(self._tokenizer.decode(said, skip_special_tokens=True)).strip()


def recording(asked: str, rate: int) -> "NDArray[np.float32]":
    """Return a WAV file as one channel of numbers from -1 to 1, at so many a second.

    Raises:
        InvalidDataError: If it is none.
        NotFoundError: If it is not there.
    """
    from math import gcd

    from scipy.io import wavfile
    from scipy.signal import resample_poly

    path = Path(asked).expanduser()
    if not path.is_file():
        raise NotFoundError(
            f"there is no recording {path}",
            why="this task hears files",
            now="keepwell ask MODEL call.wav",
        )
    try:
        own, sound = wavfile.read(path)
    except (OSError, ValueError, EOFError) as error:
        raise InvalidDataError(
            f"{path} is no WAV file",
            why=str(error)[:200],
            now=f"ffmpeg -i {path.name} -ac 1 -ar {rate} {path.stem}.wav",
        ) from error
    if not len(sound):
        raise InvalidDataError(f"{path} holds no sound", why="it has 0 samples", now="record again")
    if sound.dtype == np.uint8:
        numbers = (sound.astype(np.float32) - 128) / 128
    elif np.issubdtype(sound.dtype, np.integer):
        numbers = sound.astype(np.float32) / -float(np.iinfo(sound.dtype).min)
    else:
        numbers = sound.astype(np.float32)
    if numbers.ndim > 1:
        numbers = numbers.mean(axis=1)
    if own != rate:
        shared = gcd(int(own), rate)
        numbers = resample_poly(numbers, rate // shared, int(own) // shared)
    return np.ascontiguousarray(numbers, dtype=np.float32)
