"""What the protocol tells about us and our models."""

from typing import Any

from keepwell import __version__
from keepwell.core.records import ColumnType, Field, Signature
from keepwell.deployment.labels import class_names
from keepwell.deployment.server.inference_protocol.tensors import BYTES
from keepwell.deployment.server.snapshot import LiveEndpoint

OUTPUTS = ("predictions", "probabilities", "prediction_ids")
PLATFORM = "keepwell"
SERVER = {"name": "keepwell", "version": __version__, "extensions": ["binary_tensor_data"]}


def describe(endpoint: LiveEndpoint, version: int) -> dict[str, Any]:
    """Return the metadata of an endpoint, by the signature of one of its versions.

    An input that training saw missing values in is announced as a type that can say so: a number as
    FP64 (NaN), anything else as BYTES (empty).
    """
    route = next(one for one in endpoint.served if one.version == version)
    signature = route.scorer.signature
    return {
        "name": endpoint.name,
        "versions": [str(one.version) for one in endpoint.served],
        "platform": PLATFORM,
        "inputs": [_input(field) for field in signature.asked],
        "outputs": _outputs(signature),
    }


def prediction_type(signature: Signature) -> str:
    """Return the datatype of a model's predictions."""
    classes = signature.classes
    if signature.task.several:
        return BYTES  # a list, as JSON: tensors hold one value a row
    if not classes:
        return "FP64"
    if all(isinstance(label, bool) for label in classes):
        return "BOOL"
    if all(isinstance(label, int) and abs(label) < 2**63 for label in classes):
        return "INT64"
    return "FP64" if all(isinstance(label, int | float) for label in classes) else BYTES


def _input(field: Field) -> dict[str, Any]:
    datatype = BYTES
    if field.type is ColumnType.NUMBER:
        datatype = "FP64"
    elif field.type is ColumnType.INTEGER:
        datatype = "INT64" if field.required else "FP64"
    elif field.type is ColumnType.BOOLEAN and field.required:
        datatype = "BOOL"
    return {"name": field.name, "datatype": datatype, "shape": [-1]}


def _outputs(signature: Signature) -> list[dict[str, Any]]:
    outputs: list[dict[str, Any]] = [
        {"name": "predictions", "datatype": prediction_type(signature), "shape": [-1]}
    ]
    if signature.classes:
        classes = class_names(signature)
        outputs.append(
            {
                "name": "probabilities",
                "datatype": "FP64",
                "shape": [-1, len(classes)],
                "parameters": {"classes": classes},
            }
        )
    return [*outputs, {"name": "prediction_ids", "datatype": BYTES, "shape": [-1]}]
