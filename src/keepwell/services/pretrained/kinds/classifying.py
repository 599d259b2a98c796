"""Classes of texts and of pictures, with how sure the model is of each."""

from pathlib import Path
from typing import Any

from keepwell.core.errors import InvalidDataError, NotFoundError
from keepwell.services.pretrained.answers import Answer, Options
from keepwell.services.pretrained.kinds.loading import (
    inference,
    load_model,
    load_processor,
    load_tokenizer,
    most_tokens,
)


class TextClasses:
    """A model for the class of a text."""

    def __init__(self, at: Path) -> None:
        self._tokenizer = load_tokenizer(at)
        self._model, self.device = load_model("AutoModelForSequenceClassification", at)
        self._most = most_tokens(at, self._tokenizer)

    def answer(self, asked: str, options: Options) -> Answer:
        """Return the class; what is beyond the model's length is not read."""
        numbers = self._tokenizer(
            asked, return_tensors="pt", truncation=True, max_length=self._most
        ).to(self.device)
        with inference():
            scores = self._model(**numbers).logits[0]
        return _told(asked, self._model.config, scores, options.top)


class PictureClasses:
    """A model for what a picture shows."""

    def __init__(self, at: Path) -> None:
        self._processor = load_processor("AutoImageProcessor", at, "pictures")
        self._model, self.device = load_model("AutoModelForImageClassification", at)

    def answer(self, asked: str, options: Options) -> Answer:
        """Return what the file shows."""
        with inference():
            numbers = self._processor(images=_picture(asked), return_tensors="pt").to(self.device)
            scores = self._model(**numbers).logits[0]
        return _told(asked, self._model.config, scores, options.top)


def _told(asked: str, config: Any, scores: Any, top: int) -> Answer:
    if len(scores) == 1:  # a number, such as a mark
        value = float(scores[0])
        return Answer(asked=asked, output=f"{value:.4g}", details={"value": value})
    several = config.problem_type == "multi_label_classification"
    sure = (scores.sigmoid() if several else scores.softmax(dim=0)).tolist()
    order = sorted(range(len(sure)), key=lambda at: -sure[at])
    classes = {str(config.id2label[at]): round(sure[at], 6) for at in order[: max(top, 1)]}
    output = next(iter(classes))
    if several:
        output = ", ".join(str(config.id2label[at]) for at in order if sure[at] >= 0.5)  # noqa: PLR2004
    return Answer(
        asked=asked, output=output or "none", score=sure[order[0]], details={"classes": classes}
    )


def _picture(asked: str) -> Any:
    from PIL import Image

    path = Path(asked).expanduser()
    if not path.is_file():
        raise NotFoundError(
            f"there is no picture {path}",
            why="this task looks at files",
            now="keepwell ask MODEL photo.jpg",
        )
    try:
        with Image.open(path) as file:
            return file.convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise InvalidDataError(
            f"{path} is no picture that can be read",
            why=str(error)[:200],
            now="give a PNG, JPEG, GIF, BMP or WebP file",
        ) from error
