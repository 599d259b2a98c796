"""The model answers differently: a symptom more than a cause, so it never ranks first for long."""

from collections.abc import Iterable, Sequence

from keepwell.core.records import Cause, Signal
from keepwell.operations.loop.causes.inputs import excess
from keepwell.operations.loop.view import View


def moved_predictions(view: View, signals: Sequence[Signal]) -> Iterable[Cause]:
    """Yield a cause for a drift of the predictions."""
    for signal in signals:
        if signal.kind == "prediction_drift":
            yield Cause(
                kind="predictions",
                title=f"version {signal.version} answers differently than in its evaluation",
                score=round(0.3 * excess(signal), 3),
                evidence=f"{signal.message} (drift {signal.value:.3g}, limit {signal.limit:.3g},"
                f" {signal.rows:,} rows)",
            )
