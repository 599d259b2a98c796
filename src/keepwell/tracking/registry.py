"""The registry: which model versions there are, what each came from, and which one serves.

first = registry.register("churn", run=run.id, bundle=bundle, signature=signature, metric="roc_auc")
registry.point("churn", "champion", first.version, why="gate passed")
registry.at(time)        # {"churn": {"champion": 1}}: what served at that time
registry.revert("churn")
"""

from collections.abc import Mapping
from dataclasses import replace

from keepwell.core.clock import Clock
from keepwell.core.errors import ConflictError, GateError, NotFoundError
from keepwell.core.ports import BlobStore, MetadataStore
from keepwell.core.records import (
    Alias,
    Bundle,
    Estimate,
    GateVerdict,
    ModelVersion,
    Parity,
    Profile,
    Proof,
    Signature,
)
from keepwell.core.suggestions import did_you_mean
from keepwell.infrastructure.codec import from_json
from keepwell.infrastructure.metadata import Collection
from keepwell.tracking.aliases import CHAMPION, Aliases, Move
from keepwell.tracking.bundles import unpack

PROFILE_FILE = "profile.json"


class Registry:
    """Models, their versions and aliases. Safe to use from several threads and processes.

    Args:
        metadata: The record.
        blobs: Holds the bundles.
        clock: The time.
        above: New versions have higher numbers than this one.
    """

    def __init__(
        self, metadata: MetadataStore, blobs: BlobStore, clock: Clock, *, above: int = 0
    ) -> None:
        self._versions = Collection(metadata, "model_version", ModelVersion)
        self._aliases = Aliases(metadata)
        self._blobs = blobs
        self._clock = clock
        self._above = above

    def register(  # noqa: PLR0913 (what is known about a version, by name)
        self,
        model: str,
        *,
        run: str,
        bundle: Bundle,
        signature: Signature,
        metric: str,
        metrics: Mapping[str, Estimate] | None = None,
        importance: Mapping[str, float] | None = None,
        learner: str = "",
        dataset: str = "",
        proof: Proof | None = None,
    ) -> ModelVersion:
        """Give a trained model the next version number.

        What a run left is registered once: asked again for the same run and bundle, the version of the
        first time is returned.
        """
        wish = ModelVersion(
            model=model,
            version=0,
            run=run,
            bundle=bundle,
            signature=signature,
            metric=metric,
            metrics=dict(metrics or {}),
            importance=dict(importance or {}),
            learner=learner,
            dataset=dataset,
            proof=proof,
            created=self._clock.now(),
        )
        while True:
            known = self.versions(model)
            for item in known:
                if item.run == run and item.bundle == bundle:
                    return item
            highest = max(self._above, known[0].version if known else 0)
            numbered = replace(wish, version=highest + 1)
            try:
                self._versions.write(numbered, "registered", why=f"run {run}", expected=0)
            except ConflictError:  # another process took the number
                continue
            return numbered

    def models(self) -> list[str]:
        """Return the names of all registered models, sorted."""
        return sorted({item.model for item in self._versions.find()})

    def versions(self, model: str) -> list[ModelVersion]:
        """Return all versions of a model, newest first; none if it was never registered."""
        found = self._versions.find(under=f"{model}/")
        return sorted(found, key=lambda item: item.version, reverse=True)

    def get(self, model: str, version: int | str | None = None) -> ModelVersion:
        """Return one version: by number, by alias, or the newest one if None.

        Raises:
            NotFoundError: If there is no such model, version or alias.
        """
        if isinstance(version, str) and version.isdecimal():
            version = int(version)
        number = self.resolve(model, version) if isinstance(version, str) else version
        if number is None:
            newest = self.versions(model)[:1] if version is None else []
            if newest:
                return newest[0]
        else:
            found = self._versions.get(f"{model}/{number}")
            if found is not None:
                return found
        raise self._missing(model, version)

    def resolve(self, model: str, alias: str) -> int | None:
        """Return the version that an alias points at, None if it points nowhere."""
        return self._aliases.get(model, alias)

    def aliases(self, model: str) -> dict[str, int]:
        """Return the aliases of a model and where they point."""
        return self._aliases.at().get(model, {})

    def at(self, time: float | None = None) -> dict[str, dict[str, int]]:
        """Return `{model: {alias: version}}` as of a time, now if None."""
        return self._aliases.at(time)

    def history(self, model: str, alias: str = CHAMPION) -> list[Move]:
        """Return when an alias moved, where to, by whom and why; newest first."""
        return self._aliases.history(model, alias)

    def point(
        self, model: str, alias: str, version: int, why: str = "", *, force: bool = False
    ) -> Alias:
        """Move an alias to a version.

        Raises:
            NotFoundError: If there is no such version.
            GateError: If it is to be champion and did not pass its gate, unless `force`.
        """
        gate = self.get(model, version).gate
        if alias == CHAMPION and gate is not None and not gate.passed and not force:
            failed = [check.detail or check.name for check in gate.checks if not check.passed]
            raise GateError(
                f"version {version} of '{model}' did not pass its gate",
                why="; ".join(failed),
                now="train a better one, change `gate:` in keepwell.yaml, or force it",
            )
        return self._aliases.point(model, alias, version, why)

    def revert(self, model: str, alias: str = CHAMPION, why: str = "") -> Alias:
        """Move an alias back to the version that it pointed at before.

        Raises:
            NotFoundError: If there was none.
        """
        return self._aliases.point(model, alias, self._aliases.before(model, alias), why)

    def remove_alias(self, model: str, alias: str, why: str = "") -> None:
        """Let an alias point nowhere."""
        self._aliases.remove(model, alias, why)

    def record_gate(self, model: str, version: int, verdict: GateVerdict) -> ModelVersion:
        """Keep how a version was judged, and return it with its verdict."""
        judged = replace(self.get(model, version), gate=verdict)
        self._versions.write(judged, "judged", why="passed" if verdict.passed else "not passed")
        return judged

    def record_parity(self, model: str, version: int, parity: Parity) -> ModelVersion:
        """Keep how far a version's ONNX form is from it, and return it with that."""
        measured = replace(self.get(model, version), parity=parity)
        why = f"{parity.rows:,} rows, largest difference {parity.largest_difference:.3g}"
        self._versions.write(measured, "exported", why=why)
        return measured

    def profile(self, version: ModelVersion) -> Profile:
        """Return the statistics of the data that a version was trained on, from its bundle."""
        return from_json(Profile, unpack(self._blobs, version.bundle, PROFILE_FILE))

    def _missing(self, model: str, version: int | str | None) -> NotFoundError:
        known = self.versions(model)
        if not known:
            names = self.models()
            return NotFoundError(
                f"there is no model called '{model}'",
                why=f"registered: {', '.join(names) or 'none'}",
                now=did_you_mean(model, names) or "keepwell run trains and registers one",
            )
        aliases = self.aliases(model)
        return NotFoundError(
            f"'{model}' has no version {version}"
            if isinstance(version, int)
            else f"no version of '{model}' is called '{version}'",
            why=f"versions: 1 to {known[0].version}; aliases: {', '.join(aliases) or 'none'}",
            now=did_you_mean(str(version), aliases) or "keepwell models list",
        )
