"""A champion's last step fitted to newer outcomes: a curve of probabilities, or a line of numbers."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import InvalidDataError, TrainingError
from keepwell.core.records import ModelVersion, Signature
from keepwell.operations.build.bench import Bench
from keepwell.operations.build.judge import open_scorer
from keepwell.operations.loop.retrainings import Comparison
from keepwell.operations.playbooks.models.levels import fitted_line
from keepwell.operations.playbooks.models.proof import compared

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Refit:
    """A new last step.

    Attributes:
        pipeline: The champion's, with that step.
        signature: With the threshold where it decides as before, if there is one.
        words: What was done.
        method: `sigmoid`, `isotonic` or `line`.
        comparison: Both on the newest rows.
    """

    pipeline: Any
    signature: Signature
    words: str
    method: str
    comparison: Comparison


def refit(
    bench: Bench, champion: ModelVersion, fit: "pa.Table", test: "pa.Table", method: str
) -> Refit:
    """Return the champion with its last step fitted to some rows, compared with it on others.

    Args:
        bench: The workspace's parts.
        champion: The version.
        fit: Rows with outcomes.
        test: Newer ones.
        method: `auto`, `sigmoid` or `isotonic`; numbers have one way only.

    Raises:
        TrainingError: If it has no pipeline that a step could be put on.
        InvalidDataError: If the rows hold too few classes.
    """
    pipeline = _opened(bench, champion)
    if champion.signature.task.numeric:
        return _numbers(bench, champion, pipeline, fit, test)
    return _chances(bench, champion, pipeline, fit, test, method)


def _opened(bench: Bench, champion: ModelVersion) -> Any:
    from keepwell.deployment.scoring.original import load_pipeline
    from keepwell.deployment.scoring.scorer import PIPELINE_FILE
    from keepwell.tracking.bundles import unpack

    if champion.bundle.file(PIPELINE_FILE) is None:
        raise TrainingError(
            f"{champion.key} has no last step that could be fitted anew",
            why="it came as a program (ONNX, PyTorch, your own code), not as a pipeline",
            now="calibrate it where it was made, or move the threshold: `do: move_threshold`",
        )
    return load_pipeline(unpack(bench.blobs, champion.bundle, PIPELINE_FILE))


def _answers(pipeline: Any, signature: Signature, table: "pa.Table") -> "NDArray[np.float64]":
    from keepwell.deployment.scoring.original import Original
    from keepwell.features.decoding import Decoder

    return Original(pipeline, signature).batch(Decoder(signature, lenient=True).columns(table))


def _chances(
    bench: Bench,
    champion: ModelVersion,
    pipeline: Any,
    fit: "pa.Table",
    test: "pa.Table",
    method: str,
) -> Refit:
    from keepwell.deployment.scoring.compilation import class_order
    from keepwell.features.decisions import decided
    from keepwell.tracking.metrics import Scores
    from keepwell.tracking.metrics.labels import encode
    from keepwell.training.ensembling.calibration import best_method, fitted_curve, opened_curve
    from keepwell.training.ensembling.refitting import with_curve

    signature = champion.signature
    bare, _ = opened_curve(pipeline)
    plain = replace(signature, threshold=None)
    answer, codes = (
        _answers(bare, plain, fit),
        encode(fit[signature.target].to_pylist(), signature.classes),
    )
    missing = [label for at, label in enumerate(signature.classes) if not np.any(codes == at)]
    if missing:
        raise InvalidDataError(
            f"no outcome says {missing[0]!r} since {champion.key} was made",
            why="a curve needs rows of every class",
            now="wait for more outcomes",
        )
    chosen = best_method(answer, codes) if method == "auto" else method
    curve = fitted_curve(answer, codes, chosen)
    chances = curve(_answers(bare, plain, test))
    signature = _moved(signature, curve)
    said = [signature.classes[at] for at in decided(signature, chances).tolist()]
    found = compared(
        "log_loss",
        champion,
        test[signature.target].to_pylist(),
        Scores(predictions=said, probabilities=chances),
        _champion(bench, champion, test),
    )
    order = class_order(list(bare.classes_), signature)
    inner = np.empty_like(answer)
    inner[:, order] = answer
    made = with_curve(bare, inner, np.asarray(order)[codes], chosen)
    kind = "an isotonic" if chosen == "isotonic" else f"a {chosen}"
    words = f"probabilities are bent by {kind} curve, fitted to {fit.num_rows:,} rows with outcomes"
    return Refit(pipeline=made, signature=signature, words=words, method=chosen, comparison=found)


def _moved(signature: Signature, curve: Any) -> Signature:
    """Return the signature with its threshold where the curve puts it: the same rows are decided alike."""
    if signature.threshold is None:
        return signature
    at = np.array([[1 - signature.threshold, signature.threshold]])
    return replace(signature, threshold=float(curve(at)[0, 1]))


def _numbers(
    bench: Bench, champion: ModelVersion, pipeline: Any, fit: "pa.Table", test: "pa.Table"
) -> Refit:
    from keepwell.tracking.metrics import Scores
    from keepwell.training.ensembling.refitting import with_level, without_level

    signature = champion.signature
    bare = without_level(pipeline)
    actual = np.asarray(fit[signature.target].to_pylist(), dtype=np.float64)
    line = fitted_line(
        _answers(bare, signature, fit)[:, 0], actual, champion.metric, signature.task
    )
    said = line.bent(_answers(bare, signature, test)[:, 0])
    found = compared(
        champion.metric,
        champion,
        test[signature.target].to_pylist(),
        Scores(predictions=said.tolist()),
        _champion(bench, champion, test),
    )
    words = f"answers are {line.words}, fitted to {fit.num_rows:,} rows with outcomes"
    made = with_level(bare, line.scale, line.level)
    return Refit(pipeline=made, signature=signature, words=words, method="line", comparison=found)


def _champion(bench: Bench, champion: ModelVersion, test: "pa.Table") -> Any:
    return open_scorer(bench, champion).examined(test)
