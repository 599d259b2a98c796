"""What playbooks that make a challenger have in common: a retraining in a mode of its own."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from keepwell.core.errors import ConflictError, NotFoundError, TrainingError, UnavailableError
from keepwell.core.records import Effect, Intervention, ModelVersion
from keepwell.operations.build.retraining_record import results
from keepwell.operations.loop.retrainings import Retraining
from keepwell.operations.playbooks.base import Plan, Prepared

FEWEST = 150
"""Rows with outcomes, below which there is nothing to train on and to compare with."""


class Challenging(Prepared):
    """Starts a retraining in the background; its candidate gets no traffic but by a rollout."""

    mode: ClassVar[str]
    undoes: ClassVar[str] = "stops the training; a candidate that is there already is never served"

    def plan(self, endpoint: str, options: Mapping[str, Any]) -> Plan:
        """Return what would be trained."""
        given = self.read(options)
        record, champion = self.means.served(endpoint)
        self.means.bench.must_allow("the retraining")
        if record.rollout:
            raise ConflictError(
                f"a rollout of '{endpoint}' is running",
                why=f"rollout {record.rollout} tries a challenger already",
                now="wait for it: keepwell rollout status",
            )
        steps, effect = self.course(endpoint, champion, given)
        after = "what passes its gate is tried by a rollout; else the champion stays"
        chosen = {name: value for name, value in given.items() if value is not None}
        return Plan(steps=(*steps, after), predicted=effect, options=chosen)

    @abstractmethod
    def course(
        self, endpoint: str, champion: ModelVersion, given: Mapping[str, Any]
    ) -> tuple[tuple[str, ...], Effect]:
        """Return the steps, and what is expected of them."""

    def act(self, intervention: Intervention) -> Mapping[str, Any]:
        """Start the retraining, once."""
        if self.means.jobs is None:
            raise UnavailableError(
                "nobody trains in the background",
                why="retrainings are carried out by `keepwell up`",
                now="keepwell up, or train now: keepwell run",
            )
        request = self._known(intervention) or self._request(intervention)
        self.means.jobs.start(request)
        return {"retraining": request.key}

    def _request(self, intervention: Intervention) -> Retraining:
        _, champion = self.means.served(intervention.endpoint)
        spec = self.means.bench.spec
        return Retraining(
            id=intervention.id,
            endpoint=intervention.endpoint,
            baseline=champion.version,
            decided=self.means.bench.clock.now(),
            reason=intervention.reason,
            incident=intervention.incident,
            budget=spec.loop.retrain.budget or spec.train.budget,
            mode=self.mode,
            options=dict(intervention.options),
            rule=intervention.rule,
        )

    def _known(self, intervention: Intervention) -> Retraining | None:
        try:
            key = f"{intervention.endpoint}/{intervention.id}"
            return results(self.means.bench.metadata).read(key).request
        except NotFoundError:
            return None

    def undo(self, intervention: Intervention) -> None:
        """Stop the training."""
        if self.means.jobs is not None:
            self.means.jobs.stop(intervention.id, intervention.reason or "it was taken back")


class Learning(Challenging):
    """Learns from outcomes."""

    def course(
        self, endpoint: str, champion: ModelVersion, given: Mapping[str, Any]
    ) -> tuple[tuple[str, ...], Effect]:
        """Return what is trained; what comes of it is measured before anybody is answered by it."""
        rows = self._rows(endpoint, champion)
        effect = Effect(
            measure=f"metric:{champion.metric}",
            before=self.means.latest(endpoint, f"metric:{champion.metric}"),
            reason="measured on the newest outcomes once it is trained; goes on trial only if better there",
        )
        return (self.words(champion, given, rows),), effect

    @abstractmethod
    def words(self, champion: ModelVersion, given: Mapping[str, Any], rows: int) -> str:
        """Return what is trained."""

    def _rows(self, endpoint: str, champion: ModelVersion) -> int:
        """Return how many outcomes there are to learn from.

        Raises:
            TrainingError: If those are too few.
        """
        self.means.collect()
        rows = self.means.predictions.counts(endpoint).outcomes
        if rows < FEWEST and not champion.signature.task.from_source:
            raise TrainingError(
                f"too few rows with outcomes to train on: {rows}",
                why=f"{FEWEST} are needed: to learn from, and to compare with the champion on",
                now=f"post outcomes to /endpoints/{endpoint}/feedback",
            )
        return rows
