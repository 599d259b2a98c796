"""`mlflow`: a model directory that `mlflow.pyfunc.load_model` loads, without Keepwell."""

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from keepwell.core.records import ColumnType, Field, Signature
from keepwell.deployment.example import example_of
from keepwell.deployment.labels import class_names
from keepwell.deployment.targets.base import Exportable, Exported, Option, Value
from keepwell.deployment.targets.runtime import Carried, carry

_TYPES = {
    ColumnType.NUMBER: "double",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.DATETIME: "datetime",
}


class MlflowModel:
    """Writes an MLflow model directory."""

    summary = (
        "A model directory for MLflow: loads with mlflow.pyfunc, needs no Keepwell, no pickle."
    )
    options: tuple[Option, ...] = ()

    def write(self, folder: Path, exportable: Exportable, options: Mapping[str, Value]) -> Exported:
        """Write the directory."""
        carried = carry(folder, exportable, "pyfunc", model="data", code="code", extra=("pandas",))
        packages = [_mlflow(), *map(str, carried.packages)]
        _write_environment(folder, packages)
        example = example_of(exportable.version.signature)
        columns = {"columns": list(example), "data": [list(example.values())]}
        (folder / "input_example.json").write_text(json.dumps(columns) + "\n")
        _write_yaml(folder / "MLmodel", _describe(folder, exportable, carried))
        return Exported(
            figures=carried.figures,
            notes=(
                "mlflow.pyfunc.load_model(FOLDER).predict(frame)",
                "The frame that it answers has the columns prediction"
                + ("" if exportable.version.signature.task.numeric else
                   ", and probability_… for each class")
                + ".",
                *carried.cautions,
            ),
        )  # fmt: skip


def _mlflow() -> str:
    """Return MLflow as it is installed here; unpinned where it is not."""
    for name in ("mlflow", "mlflow-skinny"):
        try:
            return f"mlflow=={version(name)}"
        except PackageNotFoundError:
            continue
    return "mlflow>=2.9"


def _write_environment(folder: Path, packages: list[str]) -> None:
    """Write what MLflow restores an environment from, in its three forms."""
    python = ".".join(map(str, sys.version_info[:3]))
    (folder / "requirements.txt").write_text("\n".join(packages) + "\n")
    conda = {
        "name": "mlflow-env",
        "channels": ["conda-forge"],
        "dependencies": [f"python={python}", "pip", {"pip": packages}],
    }
    _write_yaml(folder / "conda.yaml", conda)
    _write_yaml(
        folder / "python_env.yaml",
        {"python": python, "build_dependencies": ["pip"], "dependencies": ["-r requirements.txt"]},
    )


def _describe(folder: Path, exportable: Exportable, carried: Carried) -> dict[str, Any]:
    model = exportable.version
    created = datetime.fromtimestamp(model.created, UTC)
    identity = carried.package.rpartition("_")[2] + "".join(
        file.digest[:6] for file in model.bundle.files
    )
    return {
        "flavors": {
            "python_function": {
                "loader_module": f"{carried.module}.pyfunc",
                "code": "code",
                "data": "data",
                "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
                "python_version": ".".join(map(str, sys.version_info[:3])),
            }
        },
        "metadata": {
            "keepwell": {
                "model": model.model,
                "version": model.version,
                "run": model.run,
                "dataset": model.dataset,
                "learner": model.learner,
            }
        },
        "model_size_bytes": sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()),
        "model_uuid": f"{identity:0<32}"[:32],
        "saved_input_example_info": {
            "artifact_path": "input_example.json",
            "pandas_orient": "split",
            "type": "dataframe",
        },
        "signature": {
            "inputs": json.dumps([_input(item) for item in model.signature.inputs]),
            "outputs": json.dumps(_outputs(model.signature)),
            "params": None,
        },
        "utc_time_created": created.strftime("%Y-%m-%d %H:%M:%S.%f"),
    }


def _input(field: Field) -> dict[str, Any]:
    kind = _TYPES.get(field.type, "string")
    if field.type is ColumnType.INTEGER:  # a frame cannot hold whole numbers with gaps
        kind = "long" if field.required else "double"
    return {"type": kind, "name": field.name, "required": field.required}


def _outputs(signature: Signature) -> list[dict[str, Any]]:
    kinds = {type(label) for label in signature.classes} or {float}
    by_kind = {bool: "boolean", int: "long", float: "double"}
    kind = by_kind.get(kinds.pop(), "string") if len(kinds) == 1 else "string"
    probabilities = [f"probability_{name}" for name in class_names(signature)]
    return [
        {"type": kind, "name": "prediction", "required": True},
        *({"type": "double", "name": name, "required": True} for name in probabilities),
    ]


def _write_yaml(path: Path, document: Any) -> None:
    path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))
