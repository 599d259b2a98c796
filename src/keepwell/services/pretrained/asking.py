"""From the name of a model and a question to an answer with its provenance."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from keepwell.core.errors import MissingExtraError, NotFoundError, UsageError
from keepwell.core.suggestions import did_you_mean
from keepwell.services.pretrained.answers import Asked, Options, Provenance
from keepwell.services.pretrained.uses import USES, Model, Use, check_options, use_for
from keepwell.training.neural.pretrained.catalog import Pretrained, described, pretrained_in
from keepwell.training.neural.pretrained.folder import model_at

_LIBRARIES = ("torch", "transformers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A model that is loaded, for many questions.

    Attributes:
        task: What it is used for.
        provenance: Which one it is.
        loading: Seconds that it took to load.
        model: What answers.
    """

    task: str
    provenance: Provenance
    loading: float
    model: Model

    def ask(self, questions: Sequence[str], **said: Any) -> Asked:
        """Answer, one after the other.

        Args:
            questions: Texts, or paths of pictures or recordings.
            said: See `Options`.

        Raises:
            InvalidDataError: If a file cannot be read.
            UsageError: If an option means nothing to the task.
        """
        check_options(self.task, said)
        options, start = Options(**said), time.perf_counter()
        return Asked(
            task=self.task,
            answers=tuple(self.model.answer(one, options) for one in questions),
            provenance=self.provenance,
            loading=self.loading,
            answering=time.perf_counter() - start,
        )


def ask(
    model: str | Path,
    questions: str | Sequence[str],
    *,
    task: str = "",
    models: str | Path = "models",
    **said: Any,
) -> Asked:
    """Ask a pretrained model on this disk, and return its answers with what vouches for them.

    Args:
        model: Its folder, or the name of one that lies in `models`.
        questions: Texts, or paths of pictures or recordings.
        task: A name of `USES`; by default what the model is made for.
        models: Where models lie that are named.
        said: See `Options`.

    Raises:
        InvalidDataError: If model, tokenizer or file cannot be read.
        MissingExtraError: If a library is not installed.
        NotFoundError: If there is no such model or file.
        UsageError: If the model is not made for the task, or an option means nothing to it.
    """
    found, meant = chosen(model, task, models)
    check_options(meant, said)
    opened = _opened(found, meant)
    return opened.ask([questions] if isinstance(questions, str) else questions, **said)


def open_use(model: str | Path, task: str = "", *, models: str | Path = "models") -> Opened:
    """Load a pretrained model once, to ask it many times.

    Raises:
        InvalidDataError: If model or tokenizer cannot be read.
        MissingExtraError: If a library is not installed.
        NotFoundError: If there is no such model.
        UsageError: If the model is not made for the task.
    """
    return _opened(*chosen(model, task, models))


def chosen(model: str | Path, task: str, models: str | Path) -> tuple[Pretrained, str]:
    """Return the model that is meant, and what it is to be used for; nothing is loaded."""
    found = described(model_at(str(_place(str(model), Path(models)))))
    return found, use_for(found, task)


def _place(named: str, models: Path) -> Path:
    """Return the folder of a model that is named by its path, or by its name below `models`."""
    for place in (Path(named).expanduser(), models / named):
        if place.exists():
            return place
    known = [one.path for one in pretrained_in(models)] if models.is_dir() else []
    same = [path for path in known if path.name == named]
    if len(same) > 1:
        raise UsageError(
            f"which '{named}' is meant?",
            why=f"there are {len(same)} of that name: {', '.join(map(str, same))}",
            now=f"keepwell ask {same[0]} …",
        )
    if same:
        return same[0]
    raise NotFoundError(
        f"there is no pretrained model '{named}'",
        why=f"it is neither a folder nor below {models}/, and nothing is downloaded",
        now=did_you_mean(named, [path.name for path in known])
        or "copy the model's folder there (config.json, model.safetensors, tokenizer.json), "
        "or list what there is: keepwell pretrained FOLDER",
    )


def _opened(found: Pretrained, task: str) -> Opened:
    use = USES[task]
    _check_extras(use)
    module, _, name = use.at.partition(":")
    start = time.perf_counter()
    model: Model = getattr(import_module(module), name)(found.path)
    return Opened(
        task=task,
        provenance=Provenance(
            model=str(found.path),
            architecture=found.architecture,
            licence=found.licence,
            sha256=found.sha256,
            size=found.size,
            libraries={name: version(name) for name in _LIBRARIES},
            device=model.device,
        ),
        loading=time.perf_counter() - start,
        model=model,
    )


def _check_extras(use: Use) -> None:
    if any(find_spec(name) is None for name in _LIBRARIES):
        raise MissingExtraError("asking a pretrained model", extra="nlp")
    if use.extra == "images" and find_spec("PIL") is None:
        raise MissingExtraError("looking at pictures", extra="images,nlp")
