"""Probabilities, or the level of numbers, fitted to the newest outcomes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from keepwell.core.records import ModelVersion
from keepwell.infrastructure.codec import to_json
from keepwell.operations.playbooks.models.derivation import Derivation, Found
from keepwell.operations.playbooks.models.deriving import Derived, profile_with
from keepwell.operations.playbooks.models.outcomes import must_be_measured, newest_rows
from keepwell.operations.playbooks.models.proof import told
from keepwell.operations.playbooks.models.refit import Refit, refit
from keepwell.operations.playbooks.options import Option

if TYPE_CHECKING:
    import pyarrow as pa


class Recalibrate(Derivation):
    """Derives a version whose last step is fitted to the newest outcomes, if that is proven to help."""

    name: ClassVar[str] = "recalibrate"
    what: ClassVar[str] = "fitting the answers to the newest outcomes"
    options: ClassVar[tuple[Option, ...]] = (
        Option(
            name="method",
            kind="text",
            means="the curve of probabilities",
            default="auto",
            choices=("auto", "sigmoid", "isotonic"),
        ),
    )
    undoes: ClassVar[str] = "puts the version that it was derived from back"

    def find(self, endpoint: str, champion: ModelVersion, options: Mapping[str, Any]) -> Found:
        """Return the champion with its last step fitted anew."""
        must_be_measured(champion)
        method = self.read(options)["method"]
        fit, tested = newest_rows(self.means, endpoint, champion).divided()
        found = refit(self.means.bench, champion, fit, tested, method)
        return Found(
            comparison=found.comparison,
            words=found.words,
            make=lambda: self._made(champion, found, tested),
            tested=tested,
        )

    def _made(self, champion: ModelVersion, found: Refit, tested: "pa.Table") -> Derived:
        from keepwell.deployment.scoring import build_scorer_files, load_scorer
        from keepwell.tracking.bundles import pack

        bench = self.means.bench
        files, proof = build_scorer_files(found.pipeline, found.signature, tested)
        answers = load_scorer(files.__getitem__, found.signature).examined(tested)
        files["profile.json"] = to_json(profile_with(bench, champion, answers))
        return Derived(
            bundle=pack(bench.blobs, files),
            signature=found.signature,
            proof=proof,
            params={"method": found.method, "rows": found.comparison.rows},
            told=f"{found.words}: {told(found.comparison)}",
        )
