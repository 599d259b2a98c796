"""The ONNX form of a version: its own file, or written from its pipeline; and how far off it is."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from keepwell.core.errors import UsageError
from keepwell.core.records import Parity
from keepwell.deployment.scoring import Scores, load_scorer
from keepwell.deployment.targets.base import Exportable
from keepwell.deployment.targets.made_rows import rows_of

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 1000
"""Rows that the two are compared on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxForm:
    """A version as ONNX, next to what the version itself answers.

    Attributes:
        data: The model.
        activation: What turns its scores into probabilities.
        rows: The rows that both were asked.
        real: They are of the training data; else they were made up from its profile.
        answers: What the server's scorer said to them.
        parity: How far apart the two are.
    """

    data: bytes
    activation: Any
    rows: "pa.Table"
    real: bool
    answers: Scores
    parity: Parity

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know of how it was compared."""
        lines = []
        if not self.real:
            lines.append(
                "the training rows are not here: compared on rows made up from their profile"
            )
        if self.parity.beyond:
            lines.append(
                f"{self.parity.beyond:.2%} of the rows differ by more than 1e-5 "
                f"(at most {self.parity.largest_difference:.3g}): the ONNX form computes parts of the "
                "model in single precision, where a value next to a tree's split may fall on its other side"
            )
        return tuple(lines)


def onnx_form(exportable: Exportable) -> OnnxForm:
    """Return the ONNX form of a version.

    Raises:
        UsageError: If the version is of a kind that has none.
        NotExportableError: If a part of its pipeline cannot be written.
        MissingExtraError: If the extra `onnx` is not installed.
    """
    from keepwell.deployment.onnx import measure_parity

    signature = exportable.version.signature
    data, activation = _model(exportable)
    scorer = load_scorer(exportable.read, signature)
    rows, real = rows_of(exportable, ROWS)
    return OnnxForm(
        data=data,
        activation=activation,
        rows=rows,
        real=real,
        answers=scorer.batch(rows, lenient=True),
        parity=measure_parity(data, scorer, rows, activation),
    )


def _model(exportable: Exportable) -> tuple[bytes, Any]:
    from keepwell.deployment.onnx import to_onnx
    from keepwell.deployment.onnx.model import MODEL_FILE
    from keepwell.deployment.scoring.original import load_pipeline
    from keepwell.deployment.scoring.scorer import PIPELINE_FILE, SCORER_FILE

    version = exportable.version
    if version.bundle.file(MODEL_FILE) is not None:
        note = msgspec.json.decode(exportable.read(SCORER_FILE))
        return exportable.read(MODEL_FILE), note.get("activation", "")
    if version.bundle.file(PIPELINE_FILE) is None:
        raise UsageError(
            f"{version.key} has no ONNX form",
            why=f"its files are {', '.join(file.name for file in version.bundle.files)}",
            now="export a version that was trained here, or registered as ONNX",
        )
    return to_onnx(load_pipeline(exportable.read(PIPELINE_FILE)), version.signature), ""
