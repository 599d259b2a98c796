"""What goes into an edge bundle, and what is measured on it."""

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.onnx.model import MODEL_FILE, OnnxModel
from keepwell.deployment.onnx.parity import measure_parity
from keepwell.deployment.scoring import load_scorer
from keepwell.deployment.targets.base import Exportable, Exported, Option, Target, Value
from keepwell.deployment.targets.edge.measuring import accuracies, latencies
from keepwell.deployment.targets.edge.quantising import quantised
from keepwell.deployment.targets.made_rows import instances_of
from keepwell.deployment.targets.onnx_file import figures_of
from keepwell.deployment.targets.onnx_form import OnnxForm, onnx_form

FORMAT = 1
SCORER = "keepwell_edge.py"
VECTORS = 64
TOLERANCE = 1e-5
_README = """\
# {model} {version}, for a device

Needs Python 3.11 or newer, `onnxruntime` and `numpy`; asks no network for anything but `sync`.

    python {scorer} selftest
    python {scorer} predict rows.jsonl
    python {scorer} status
    python {scorer} sync http://HOST:4400

In a program: `from keepwell_edge import Edge; Edge("this folder").predict([{{…}}])`.
Answers are queued in `queue/` and sent by `sync`; the server keeps each once, by its id.
"""


class Edge:
    """Writes the model, a scorer that needs onnxruntime and NumPy only, and rows to try it on."""

    summary = "A bundle for devices: answers offline, queues predictions, syncs them later."
    options = (
        Option(
            name="quantize",
            default="no",
            meaning="Weights of matrices in 8 bits: smaller, and a little off.",
            choices=("no", "int8"),
        ),
        Option(
            name="device", default="edge", meaning="Caller that synced predictions are kept under."
        ),
        Option(name="zip", default=False, meaning="One file, edge.zip, in place of many."),
    )

    def write(self, folder: Path, exportable: Exportable, options: Mapping[str, Value]) -> Exported:
        """Write the bundle and measure it."""
        exact = form = onnx_form(exportable)
        notes: tuple[str, ...] = ()
        if options["quantize"] == "int8":
            form, notes = _quantise(form, exportable)
        signature = exportable.version.signature
        names = [field.name for field in signature.inputs]
        rows = _answerable(instances_of(form.rows.slice(0, VECTORS), names), exportable)
        files = {
            MODEL_FILE: form.data,
            "bundle.json": _json(_bundle(form, exportable, str(options["device"]))),
            SCORER: resources.files(__package__).joinpath("scorer.py").read_bytes(),
            "README.md": _README.format(
                model=exportable.version.model, version=exportable.version.version, scorer=SCORER
            ).encode(),
        }
        for name, data in files.items():
            (folder / name).write_bytes(data)
        files["vectors.json"] = _json(_vectors(folder, rows))
        (folder / "vectors.json").write_bytes(files["vectors.json"])
        figures = (
            figures_of(form)
            | latencies(folder, rows, exportable)
            | accuracies(form, signature)
            | {"quantized": "no" if form is exact else "int8"}
        )
        if options["zip"]:
            _zip(folder, files)
        return Exported(
            figures=figures,
            notes=(*notes, *form.notes, f"python {SCORER} selftest"),
            parity=exact.parity,
        )


def _quantise(form: OnnxForm, exportable: Exportable) -> tuple[OnnxForm, tuple[str, ...]]:
    """Return the form with 8-bit weights, or as it was with the reason why."""
    smaller, reason = quantised(form.data)
    if smaller is None:
        return form, (f"int8 was asked for and changes nothing: {reason}",)
    scorer = load_scorer(exportable.read, exportable.version.signature)
    parity = measure_parity(smaller, scorer, form.rows, form.activation)
    return replace(form, data=smaller, parity=parity), ()


def _bundle(form: OnnxForm, exportable: Exportable, device: str) -> dict[str, Any]:
    version = exportable.version
    signature = version.signature
    return {
        "format": FORMAT,
        "model": version.model,
        "version": version.version,
        "endpoint": exportable.endpoint,
        "device": device,
        "digest": hashlib.sha256(form.data).hexdigest(),
        "target": signature.target,
        "classes": list(signature.classes),
        "threshold": signature.threshold,
        "inputs": [
            {
                "name": field.name,
                "type": field.type.value,
                "required": field.required,
                "categories": list(field.categories),
            }
            for field in signature.inputs
        ],
        "plan": OnnxModel(form.data, signature, form.activation).plan(),
    }


def _answerable(rows: list[dict[str, Any]], exportable: Exportable) -> list[dict[str, Any]]:
    """Return the rows that a request may hold: those of the training data may have gaps it refuses."""
    required = [field.name for field in exportable.version.signature.inputs if field.required]
    return [row for row in rows if all(row.get(name) is not None for name in required)]


def _vectors(folder: Path, rows: list[dict[str, Any]]) -> dict[str, Any]:
    from keepwell.deployment.targets.edge.scorer import Edge as Scorer

    scores = Scorer(folder).scores(rows)
    return {"rows": rows, "expected": np.asarray(scores).tolist(), "tolerance": TOLERANCE}


def _json(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


def _zip(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put the files into one, the same bytes every time."""
    with zipfile.ZipFile(folder / "edge.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name), files[name], zipfile.ZIP_DEFLATED)
    for name in files:
        (folder / name).unlink()


if TYPE_CHECKING:
    _: type[Target] = Edge
