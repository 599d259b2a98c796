"""The probability from which the second class is answered, chosen anew by the newest outcomes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from keepwell.core.errors import ConflictError, TrainingError, UsageError
from keepwell.core.records import ModelVersion, Signature, Task
from keepwell.core.spec import ThresholdSpec
from keepwell.infrastructure.codec import to_json
from keepwell.operations.build.judge import open_scorer
from keepwell.operations.playbooks.models.derivation import Derivation, Found
from keepwell.operations.playbooks.models.deriving import Derived, profile_with
from keepwell.operations.playbooks.models.outcomes import newest_rows
from keepwell.operations.playbooks.models.proof import cheaper, compared, told
from keepwell.operations.playbooks.options import Option

if TYPE_CHECKING:
    from keepwell.tracking.metrics import Scored

_USUAL = 0.5


class MoveThreshold(Derivation):
    """Derives a version that differs in its threshold alone, if that is proven to help."""

    name: ClassVar[str] = "move_threshold"
    what: ClassVar[str] = "moving the threshold"
    options: ClassVar[tuple[Option, ...]] = (
        Option(
            name="metric", kind="text", means="what is best at the threshold; `train.threshold`"
        ),
        Option(name="fp", kind="number", means="or the cost of a false alarm …", least=0.0),
        Option(name="fn", kind="number", means="… and of a miss", least=0.0),
    )
    undoes: ClassVar[str] = "puts the version with the threshold of before back"

    def check(self, options: Mapping[str, Any]) -> None:
        """Complain about options that say two things, or a metric that there is not."""
        from keepwell.tracking.metrics.catalog import check_metric

        given = self.read(options)
        costs = given["fp"] is not None or given["fn"] is not None
        if given["metric"] and costs:
            raise UsageError(
                "the playbook 'move_threshold' takes a metric or costs, not both",
                why="each names another best threshold",
                now="write for example `with: {fp: 1, fn: 5}`",
            )
        if given["metric"]:
            check_metric(given["metric"], Task.BINARY)

    def _spec(self, champion: ModelVersion, options: Mapping[str, Any]) -> ThresholdSpec:
        given = self.read(options)
        if given["metric"]:
            return ThresholdSpec(metric=given["metric"])
        if given["fp"] is not None or given["fn"] is not None:
            return ThresholdSpec(
                false_positive=1.0 if given["fp"] is None else given["fp"],
                false_negative=1.0 if given["fn"] is None else given["fn"],
            )
        spec: ThresholdSpec = self.means.bench.spec.train.threshold
        if spec.wanted:
            return spec
        raise UsageError(
            "nothing says which threshold is best",
            why="the project has no `train.threshold`, and the rule names neither a metric nor costs",
            now="write for example `with: {metric: f1}`, or `with: {fp: 1, fn: 5}`",
        )

    def find(self, endpoint: str, champion: ModelVersion, options: Mapping[str, Any]) -> Found:
        """Return the champion with the threshold that is best now."""
        from keepwell.features.decisions import decided
        from keepwell.tracking.metrics import Scores
        from keepwell.tracking.metrics.labels import encode
        from keepwell.training.ensembling.threshold import chosen_threshold

        signature = champion.signature
        if signature.task is not Task.BINARY:
            raise TrainingError(
                f"{champion.key} has no threshold",
                why=f"it is a model of {signature.task.value}; a threshold decides between two classes",
                now="recalibrate it: `do: recalibrate`",
            )
        spec = self._spec(champion, options)
        fit, test = newest_rows(self.means, endpoint, champion).divided()
        scorer = open_scorer(self.means.bench, champion)
        seen = scorer.examined(fit).probabilities
        before = scorer.examined(test)
        if seen is None or before.probabilities is None:
            raise TrainingError(
                f"{champion.key} has no threshold",
                why="it answers with a class alone, without a probability",
                now="serve a model that gives probabilities",
            )
        codes = encode(fit[signature.target].to_pylist(), signature.classes)
        chosen = chosen_threshold(seen, codes, spec, str(signature.classes[1]))
        now = _USUAL if signature.threshold is None else signature.threshold
        if chosen.value == now:
            raise ConflictError(
                "the threshold is where it should be",
                why=f"{now:.4g} is best on {fit.num_rows:,} rows with outcomes, too",
                now="nothing is changed",
            )
        moved = replace(signature, threshold=chosen.value)
        places = decided(moved, before.probabilities)
        said = Scores(
            predictions=[signature.classes[at] for at in places.tolist()],
            probabilities=before.probabilities,
        )
        actual = test[signature.target].to_pylist()
        if spec.metric:
            found = compared(spec.metric, champion, actual, said, before)
        else:
            truth = encode(actual, signature.classes)
            old = encode(before.predictions, signature.classes)
            found = cheaper(_costs(places, truth, spec), _costs(old, truth, spec))
        words = f"the threshold moves from {now:.4g} to {chosen.value:.4g}: {chosen.told}"
        return Found(
            comparison=found,
            words=words,
            make=lambda: self._made(champion, moved, said, f"{words}; {told(found)}"),
            tested=test,
        )

    def _made(
        self, champion: ModelVersion, signature: Signature, said: "Scored", words: str
    ) -> Derived:
        from keepwell.tracking.bundles import pack, unpack

        blobs = self.means.bench.blobs
        files = {
            item.name: unpack(blobs, champion.bundle, item.name) for item in champion.bundle.files
        }
        files["profile.json"] = to_json(profile_with(self.means.bench, champion, said))
        return Derived(
            bundle=pack(blobs, files),
            signature=signature,
            proof=champion.proof,
            params={"threshold": signature.threshold},
            told=words,
        )


def _costs(
    said: "np.ndarray[Any, np.dtype[np.int64]]",
    actual: "np.ndarray[Any, np.dtype[np.int64]]",
    spec: ThresholdSpec,
) -> "np.ndarray[Any, np.dtype[np.float64]]":
    alarms = (said == 1) & (actual == 0)
    misses = (said == 0) & (actual == 1)
    return np.asarray(spec.false_positive * alarms + spec.false_negative * misses, dtype=np.float64)
