"""A folder with a model's files and their digests, and the model that answers from it."""

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from keepwell.core.errors import FormatError, IntegrityError, NotFoundError
from keepwell.core.records import BundleFile, Signature
from keepwell.deployment.example import example_of
from keepwell.deployment.labels import Labels
from keepwell.deployment.scoring.scorer import Scorer, Scores, load_scorer
from keepwell.infrastructure.codec import from_json

CARD_FILE = "model.json"
FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a folder says about the model in it.

    Attributes:
        model: Its name.
        version: Its number.
        endpoint: The name that it answers under.
        signature: What it takes and gives.
        files: The files that it is made of.
        stands_for: Modules that a stored pipeline names, by the module that is their copy here.
        format: Of this card.
    """

    model: str
    version: int
    endpoint: str
    signature: Signature
    files: tuple[BundleFile, ...]
    stands_for: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT


class StandaloneModel:
    """Answers for one version. Safe for several threads.

    Args:
        card: Which version it is.
        read: Gives a file of it by name, verified.
    """

    def __init__(self, card: Card, read: Callable[[str], bytes]) -> None:
        self.card = card
        self.labels = Labels(card.signature)
        self._scorer: Scorer = load_scorer(read, card.signature)

    def answer(self, instances: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return the document that answers instances as they come from JSON, one answer for each.

        Raises:
            InvalidRequestError: If one does not fit the signature; names the column and the instance.
        """
        scores = self.scores(instances)
        document: dict[str, Any] = {"predictions": scores.predictions}
        if scores.quantiles is not None:
            document["quantiles"] = self.labels.quantiles(scores.quantiles)
        if scores.probabilities is not None:
            document["probabilities"] = self.labels.name(scores.probabilities)
        document["model"] = {"name": self.card.model, "version": self.card.version}
        if scores.warnings:
            document["warnings"] = scores.warnings
        return document

    def scores(self, instances: Sequence[Mapping[str, Any]]) -> Scores:
        """Return the answers as numbers."""
        return self._scorer.rows(instances)


def open_model(folder: Path) -> StandaloneModel:
    """Return the model in a folder, once it has answered a row.

    Raises:
        NotFoundError: If a file is not there.
        IntegrityError: If a file is not the one that was exported.
        FormatError: If a newer Keepwell has written the folder.
    """
    card = read_card(folder)
    for name, copy in card.stands_for.items():
        if importlib.util.find_spec(name.partition(".")[0]) is None:
            sys.modules.setdefault(name, importlib.import_module(copy))
    by_name = {file.name: file for file in card.files}

    def read(name: str) -> bytes:
        return _verified(folder, by_name, name)

    model = StandaloneModel(card, read)
    model.answer([example_of(card.signature)])
    return model


def read_card(folder: Path) -> Card:
    """Return what a folder says about the model in it."""
    try:
        card = from_json(Card, (folder / CARD_FILE).read_bytes())
    except OSError as error:
        raise NotFoundError(
            f"there is no model in {folder}",
            why=f"{CARD_FILE} cannot be read: {error.strerror or error}",
            now="export it again: keepwell export",
        ) from None
    if card.format != FORMAT:
        raise FormatError(
            f"the model in {folder} has format {card.format}",
            why=f"this copy of Keepwell reads format {FORMAT}",
            now="export it again, by one version of Keepwell",
        )
    return card


def _verified(folder: Path, files: Mapping[str, BundleFile], name: str) -> bytes:
    file = files.get(name)
    if file is None:
        raise NotFoundError(
            f"the model in {folder} has no file '{name}'",
            why=f"it is made of {', '.join(sorted(files)) or 'nothing'}",
            now="export it again: keepwell export",
        )
    try:
        data = (folder / name).read_bytes()
    except OSError as error:
        raise NotFoundError(
            f"the file '{name}' of the model cannot be read",
            why=f"{error.strerror or error}: {folder / name}",
            now="export it again: keepwell export",
        ) from None
    found = hashlib.sha256(data).hexdigest()
    if found != file.digest:
        raise IntegrityError(
            f"the file '{name}' of the model was altered",
            why=f"its SHA-256 is {found[:12]}…, exported was {file.digest[:12]}…",
            now="export it again: keepwell export",
        )
    return data
