"""How fast a bundle answers here, and how often it is right."""

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.records import Signature
from keepwell.deployment.onnx.model import OnnxModel
from keepwell.deployment.scoring import load_scorer
from keepwell.deployment.targets.base import Exportable, Value
from keepwell.deployment.targets.onnx_form import OnnxForm
from keepwell.features.decisions import decided
from keepwell.features.decoding import Decoder

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROUNDS = 200


def latencies(
    folder: Path, rows: list[dict[str, Any]], exportable: Exportable
) -> dict[str, Value | None]:
    """Return the median microseconds of one row: in the bundle's scorer, and in the server's."""
    from keepwell.deployment.targets.edge.scorer import Edge

    if not rows:
        return {"row_us": None, "server_row_us": None}
    edge = Edge(folder)
    server = load_scorer(exportable.read, exportable.version.signature)
    return {
        "row_us": _median(lambda row: edge.predict([row], queue=False), rows),
        "server_row_us": _median(lambda row: server.rows([row]), rows),
    }


def accuracies(form: OnnxForm, signature: Signature) -> dict[str, Value | None]:
    """Return how good both are on rows whose target is known; nothing where it is not."""
    if signature.target not in form.rows.column_names:
        return {}
    actual = form.rows[signature.target].to_pylist()
    frame = Decoder(signature, lenient=True).table(form.rows)
    columns = [frame[field.name].to_numpy() for field in signature.inputs]
    ours = OnnxModel(form.data, signature, form.activation).batch(columns)
    if not signature.classes:
        theirs = np.asarray(form.answers.predictions, dtype=np.float64)
        name, ours_value, theirs_value = "mae", _mae(ours[:, 0], actual), _mae(theirs, actual)
        return {
            name: ours_value,
            f"server_{name}": theirs_value,
            f"{name}_loss": ours_value - theirs_value,
        }
    said = [signature.classes[at] for at in decided(signature, ours).tolist()]
    right, server = _share(said, actual), _share(form.answers.predictions, actual)
    return {"accuracy": right, "server_accuracy": server, "accuracy_loss": server - right}


def _median(answer: Callable[[Any], object], rows: list[dict[str, Any]]) -> float:
    times = []
    for at in range(_ROUNDS):
        row = rows[at % len(rows)]
        start = time.perf_counter()
        answer(row)
        times.append(time.perf_counter() - start)
    return round(median(times) * 1e6, 1)


def _share(said: list[Any], actual: list[Any]) -> float:
    known = [(a, b) for a, b in zip(said, actual, strict=True) if b is not None]
    right = sum(1 for mine, true in known if mine == true)
    return right / max(1, len(known))


def _mae(said: "NDArray[np.float64]", actual: list[Any]) -> float:
    truth = np.array([np.nan if one is None else one for one in actual], dtype=np.float64)
    return float(np.nanmean(np.abs(said - truth)))
