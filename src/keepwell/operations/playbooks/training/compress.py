"""A lighter challenger of the champion."""

from collections.abc import Mapping
from typing import Any, ClassVar

from keepwell.core.records import Effect, ModelVersion
from keepwell.operations.build.retraining.compression import MAX_LOSS
from keepwell.operations.playbooks.models.outcomes import must_be_measured
from keepwell.operations.playbooks.options import Option
from keepwell.operations.playbooks.training.challenging import Challenging

LATENCY = "latency_p95_ms"


class Compress(Challenging):
    """Leaves out members and trees of the champion, as far as it hardly loses by that."""

    name: ClassVar[str] = "compress"
    mode: ClassVar[str] = "compress"
    options: ClassVar[tuple[Option, ...]] = (
        Option(
            name="max_loss",
            kind="share",
            means="share of the champion's metric that may be lost",
            default=MAX_LOSS,
            least=0.0,
            most=0.5,
        ),
    )

    def course(
        self, endpoint: str, champion: ModelVersion, given: Mapping[str, Any]
    ) -> tuple[tuple[str, ...], Effect]:
        """Return what is left out, and what is known of it."""
        from keepwell.operations.lighter import lighter_variants, told

        must_be_measured(champion)
        before = self.means.latest(endpoint, LATENCY)
        step = (
            f"a lighter form of version {champion.version} is made without training, losing at most "
            f"{given['max_loss']:.3g} of its {champion.metric}"
        )
        known = [
            one
            for one in lighter_variants(self.means.bench, champion)
            if one.evidence.max_loss == given["max_loss"]
        ]
        reason = (
            told(known[0].evidence, f"version {known[0].version.version}")
            if known
            else "how much faster it is, is measured once it is made"
        )
        return (step,), Effect(measure=LATENCY, before=before, reason=reason)
