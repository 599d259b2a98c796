"""`keepwell.Project`: the few verbs for a notebook or a script.

import keepwell as kw

with kw.Project("churn") as project:
    project.run()                                             # what `keepwell run` does
    project.predict([{"tenure": 3, "plan": "monthly"}])
    version = project.register(pipeline, test_frame, target="churn")   # one's own scikit-learn
    project.promote(version.version)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from keepwell.core.records import ModelVersion
    from keepwell.operations.build.result import RunResult


class Project:
    """A project in a folder.

    Args:
        folder: The folder with `keepwell.yaml`, or one inside it.
    """

    def __init__(self, folder: str | Path = ".") -> None:
        from keepwell.workspace import Workspace

        self.workspace = Workspace.open(Path(folder))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the workspace."""
        self.workspace.close()

    def run(self) -> RunResult:
        """Bring everything up to date: ingest, train, register, gate, promote."""
        return self.workspace.builder.run()

    def predict(
        self, instances: Sequence[Mapping[str, Any]], version: int | str = "champion"
    ) -> list[Any]:
        """Return the labels or numbers that a version predicts; not logged, as it is no traffic."""
        from keepwell.operations.build.judge import open_scorer
        from keepwell.operations.windows.asking import completed

        workspace = self.workspace
        model = workspace.registry.get(workspace.spec.name, version)
        rows = completed(workspace.home, model, instances, workspace.clock.now())
        return list(open_scorer(workspace.bench, model).rows(rows).predictions)

    def push_events(self, rows: Any) -> int:
        """Keep rows that no endpoint was asked about, so that later windows see them.

        Args:
            rows: DataFrame, Arrow table or list of dicts with the columns that `features.windows` names.

        Returns:
            How many of them were new.
        """
        import pyarrow as pa

        from keepwell.operations.windows.keeping import push_rows

        if isinstance(rows, list):
            rows = pa.Table.from_pylist(rows)
        is_table = isinstance(rows, pa.Table)
        table = rows if is_table else pa.Table.from_pandas(rows, preserve_index=False)
        return push_rows(self.workspace.bench, table)[1]

    def register(
        self,
        model: Any,
        rows: Any,
        target: str,
        *,
        classes: Sequence[Any] | None = None,
        reference: str | None = None,
        trust_code: bool = False,
    ) -> ModelVersion:
        """Register a model that was fitted elsewhere as the project's next version.

        Args:
            model: A fitted scikit-learn estimator or pipeline (fitted on a DataFrame), an ONNX model
                (a path or its bytes), or a PyTorch module.
            rows: DataFrame or Arrow table of rows that it was not fitted on, target included.
            target: The column it predicts.
            classes: Labels in the order of the model's probabilities, where it does not name them
                (ONNX, PyTorch); by default those of the target, sorted.
            reference: A column of the rows with answers that the model gave elsewhere, to compare
                with (ONNX, PyTorch).
            trust_code: Take any object with `predict`, or a pipeline with steps of one's own: it is pickled
                together with its code, and this workspace may load it. Only for code that is yours.
        """
        import pyarrow as pa

        from keepwell.operations.own_model import register_own

        is_table = isinstance(rows, pa.Table)
        table = rows if is_table else pa.Table.from_pandas(rows, preserve_index=False)
        return register_own(
            self.workspace.bench, model, table, target,
            classes=classes, reference=reference, trust_code=trust_code,
        )  # fmt: skip

    def promote(self, version: int, why: str = "promoted from Python") -> None:
        """Put a version behind the endpoint.

        Raises:
            GateError: If it did not pass its gate.
        """
        from keepwell.operations.promotion import promote

        promote(self.workspace.bench, version, why)
