"""`onnx`: the model as one file that any ONNX runtime reads."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from keepwell.deployment.targets.base import Exportable, Exported, Option, Target, Value
from keepwell.deployment.targets.onnx_form import OnnxForm, onnx_form
from keepwell.infrastructure.codec import to_plain


class OnnxFile:
    """Writes `model.onnx`, `signature.json` and `parity.json`."""

    summary = "One file for any ONNX runtime, compared with the version row by row."
    options: tuple[Option, ...] = ()

    def write(self, folder: Path, exportable: Exportable, options: Mapping[str, Value]) -> Exported:
        """Write the model, what it takes and gives, and how far it is from the version."""
        form = onnx_form(exportable)
        (folder / "model.onnx").write_bytes(form.data)
        for name, record in (
            ("signature.json", exportable.version.signature),
            ("parity.json", form.parity),
        ):
            (folder / name).write_bytes(
                msgspec.json.format(msgspec.json.encode(to_plain(record)), indent=2) + b"\n"
            )
        return Exported(figures=figures_of(form), notes=form.notes, parity=form.parity)


def figures_of(form: OnnxForm) -> dict[str, Value | None]:
    """Return how far the model is from the version, as an export tells it."""
    return {
        "model_bytes": len(form.data),
        "rows_compared": form.parity.rows,
        "largest_difference": form.parity.largest_difference,
        "share_of_rows_beyond_1e-5": form.parity.beyond,
        "labels_changed": form.parity.labels_changed,
    }


if TYPE_CHECKING:
    _: type[Target] = OnnxFile
