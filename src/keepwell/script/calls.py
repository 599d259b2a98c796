"""What a script calls: values, settings, examples, and the model that came of it."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from keepwell.core.errors import UsageError
from keepwell.script.session import current

if TYPE_CHECKING:
    from keepwell.core.records import ModelVersion

_MOST_EXAMPLES = 50


def log(
    values: Mapping[str, Any] | None = None, /, *, step: int | None = None, **named: Any
) -> None:
    """Add a point to each named curve: `kw.log(val_loss=0.31)`, `kw.log({"val/auc": 0.8}, step=10)`.

    Args:
        values: Numbers by name; tensors and arrays of one number will do.
        step: Where on the curve; the step that the run is at unless said.
        named: More of them.
    """
    both = {**(values or {}), **named}
    numbers: dict[str, float] = {}
    for name, value in both.items():
        try:
            numbers[name] = float(value)
        except (TypeError, ValueError) as error:
            raise UsageError(
                f"log({name}=…) is given a {type(value).__name__}, which is no number",
                why=str(error),
                now="give one number per name; settings go to kw.log_params, rows to kw.log_examples",
            ) from error
    current().log(numbers, step)


def log_params(values: Mapping[str, Any] | None = None, /, **named: Any) -> None:
    """Record what was chosen: `kw.log_params(lr=1e-3, layers=2)`."""
    session = current()
    if session.workspace is None:
        return
    known = (str, int, float, bool, type(None))
    both = {**(values or {}), **named}
    shown = {name: item if isinstance(item, known) else str(item) for name, item in both.items()}
    session.workspace.runs.describe(session.run, shown)


def log_examples(
    rows: Sequence[Mapping[str, Any]], *, step: int | None = None, name: str = "examples"
) -> None:
    """Keep some rows with what the model said and what is true, to see it improve over time.

    Args:
        rows: One mapping per row, such as `{"text": …, "said": 0.7, "true": 1}`; the first 50 are kept.
        step: When; the step that the run is at unless said.
        name: What they are; each name has one file per step.
    """
    session = current()
    if session.workspace is None:
        return
    at = session.at if step is None else step
    document = json.dumps([dict(row) for row in rows[:_MOST_EXAMPLES]], default=_readable)
    session.workspace.runs.attach(
        session.run, f"{name}/step-{at:08d}.json", document.encode(), "application/json"
    )


def register(model: Any, rows: Any, target: str, **options: Any) -> "ModelVersion | None":
    """Register what the script trained as the project's next version, in the script's own run.

    Args:
        model: A PyTorch module, a fitted scikit-learn estimator or pipeline, or an ONNX model.
        rows: DataFrame or Arrow table of rows that it was not fitted on, target included.
        target: The column it predicts.
        options: As `Project.register` takes them: `classes`, `reference`, `trust_code`.

    Returns:
        The version; None outside of any project.
    """
    session = current()
    session.flush()
    if session.workspace is None:
        return None
    import pyarrow as pa

    from keepwell.operations.own_model import register_own

    table = rows if isinstance(rows, pa.Table) else pa.Table.from_pandas(rows, preserve_index=False)
    return register_own(session.workspace.bench, model, table, target, run=session.run, **options)


def _readable(value: Any) -> Any:
    for way in ("item", "tolist"):
        if hasattr(value, way):
            try:
                return getattr(value, way)()
            except (ValueError, RuntimeError):
                continue
    return str(value)
