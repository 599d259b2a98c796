"""The composition root: settings in, adapters out. The only place that builds things.

    with Workspace.open(Path("churn")) as workspace:
        workspace.registry.resolve("churn", "champion")

Nothing is built before it is asked for, so a command pays only for what it touches.
"""

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from keepwell.core.clock import Clock, SystemClock
from keepwell.core.ports import BlobStore, MeasurementStore
from keepwell.core.spec import ProjectSpec
from keepwell.infrastructure.consent import look_in
from keepwell.infrastructure.files import mark_beside
from keepwell.infrastructure.project_file import load_project
from keepwell.infrastructure.settings import HOME, PROJECT_FILE, find_project, read_settings

if TYPE_CHECKING:
    from keepwell.core.records import Incident, ModelVersion, Profile
    from keepwell.data.datasets import Datasets
    from keepwell.deployment.endpoints import Endpoints
    from keepwell.deployment.flags.switchboard import Switchboard
    from keepwell.deployment.probing import Probe
    from keepwell.deployment.rollouts import Rollouts
    from keepwell.deployment.scaling import Scaling
    from keepwell.governance.tokens import Tokens
    from keepwell.infrastructure.metadata.store import SqlMetadataStore
    from keepwell.infrastructure.tables.store import DeltaTableStore
    from keepwell.monitoring.elsewhere import Courier, Elsewhere
    from keepwell.monitoring.feedback import Feedback
    from keepwell.monitoring.machines.metering import RunMeter
    from keepwell.monitoring.prediction_log import Collector, PredictionLog, Trimmer
    from keepwell.monitoring.prediction_log.intake import Intake
    from keepwell.monitoring.sketches.feeder import Feeder
    from keepwell.monitoring.sketches.store import SketchStore
    from keepwell.operations.alerts.desk import AlertDesk
    from keepwell.operations.build.bench import Bench
    from keepwell.operations.build.journey import Builder
    from keepwell.operations.explanations import Explanations
    from keepwell.operations.forecasts.foresight import Foresight
    from keepwell.operations.inbound import Notices
    from keepwell.operations.incidents.handling import Handling
    from keepwell.operations.incidents.surroundings import Surveyor
    from keepwell.operations.loop.incidents import Incidents
    from keepwell.operations.loop.interventions.desk import LoopDesk
    from keepwell.operations.playbooks.registry import Playbooks
    from keepwell.operations.rollouts.desk import Desk
    from keepwell.operations.spending.ledger import Ledger
    from keepwell.operations.standing import Standings
    from keepwell.operations.traces.desk import TraceDesk
    from keepwell.tracking.registry import Registry
    from keepwell.tracking.runs import Runs

__all__ = ["HOME", "PROJECT_FILE", "Workspace", "find_project"]


class Workspace:
    """A project and everything that was ever recorded about it.

    Where its parts live is decided by `.keepwell/workspace.json`, keys `metadata`, `blobs`, `tables`
    (URLs), or by the environment, `KEEPWELL_METADATA_URL` and so on; by default all are in the folder.
    """

    def __init__(self, spec: ProjectSpec, *, clock: Clock | None = None) -> None:
        self.spec = spec
        self.root = spec.root
        self.home = spec.root / HOME
        self.clock: Clock = clock or SystemClock()
        self._settings = read_settings(self.home)
        look_in(self.home)

    @classmethod
    def open(cls, folder: Path, *, clock: Clock | None = None) -> Self:
        """Open the workspace of the project in `folder` or above it, making it if it is new.

        Raises:
            NotFoundError: If there is no project.
            ProjectFileError: If its file has a mistake.
            FormatError: If the workspace was written by a newer Keepwell.
        """
        return cls(load_project(find_project(folder) / PROJECT_FILE), clock=clock)

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
        """Let go of the database, if it was ever opened."""
        if "traces" in self.__dict__:
            self.traces.close()
        if "_meter" in self.__dict__:
            self._meter.close()
        if "metadata" in self.__dict__:
            self.metadata.close()
            del self.__dict__["metadata"]

    def _url(self, part: str, default: Path) -> str:
        override = os.environ.get(f"KEEPWELL_{part.upper()}_URL") or self._settings.get(part)
        return str(override or default)

    # What is stored where

    @cached_property
    def metadata(self) -> "SqlMetadataStore":
        """The record."""
        from keepwell.infrastructure.metadata import open_metadata

        url = self._url("metadata", self.home / "record.db")
        return open_metadata(url if "://" in url else f"sqlite:///{url}", clock=self.clock)

    @property
    def measurements(self) -> MeasurementStore:
        """Series and reports, on the record's database."""
        return self.metadata.measurements

    @cached_property
    def blobs(self) -> BlobStore:
        """Artifacts."""
        from keepwell.infrastructure.blobs import open_blobs

        return open_blobs(self.blobs_url)

    @property
    def blobs_url(self) -> str:
        """Where artifacts are; workers read models from there."""
        return self._url("blobs", self.home / "blobs")

    @cached_property
    def tables(self) -> "DeltaTableStore":
        """Datasets, predictions and outcomes."""
        from keepwell.infrastructure.tables import open_tables

        return open_tables(self._url("tables", self.home / "tables"))

    # What is known

    @cached_property
    def datasets(self) -> "Datasets":
        """Named, versioned tables."""
        from keepwell.data.datasets import Datasets

        return Datasets(self.metadata, self.blobs, self.tables, self.clock, self.home / "staging")

    @cached_property
    def runs(self) -> "Runs":
        """Recorded executions."""
        from keepwell.tracking.runs import Runs

        stores = (self.metadata, self.measurements, self.blobs, self.clock)
        return Runs(*stores, self.home / "spool", self._meter)

    @cached_property
    def _meter(self) -> "RunMeter":
        from keepwell.monitoring.machines.metering import RunMeter

        return RunMeter()

    @cached_property
    def registry(self) -> "Registry":
        """Models, versions, aliases."""
        from keepwell.tracking.registry import Registry

        return Registry(self.metadata, self.blobs, self.clock)

    @cached_property
    def endpoints(self) -> "Endpoints":
        """Stable names and what stands behind them."""
        from keepwell.deployment.endpoints import Endpoints

        return Endpoints(self.metadata, self.clock)

    @cached_property
    def rollouts(self) -> "Rollouts":
        """Ways of a challenger to the champion's place."""
        from keepwell.deployment.rollouts import Rollouts

        return Rollouts(self.metadata, self.endpoints, self.clock)

    @cached_property
    def scaling(self) -> "Scaling":
        """How many workers answer."""
        from keepwell.deployment.scaling import Scaling

        return Scaling(self.metadata)

    @cached_property
    def switchboard(self) -> "Switchboard":
        """Flags of endpoints."""
        from keepwell.deployment.flags.switchboard import Switchboard

        return Switchboard(self.endpoints, self.registry.get)

    @cached_property
    def desk(self) -> "Desk":
        """Rollouts as commands and requests see them."""
        from keepwell.operations.rollouts.desk import Desk
        from keepwell.operations.rollouts.evidence import Evidence

        evidence = Evidence(self.bench, self.predictions, self.tables)
        return Desk(self.bench, evidence, self._probe)

    def _probe(self) -> "Probe | None":
        """Return what asks the endpoints who answers; None if nobody serves this workspace."""
        from keepwell.deployment.probing import LiveProbe
        from keepwell.operations.rollouts.desk import settle
        from keepwell.operations.serving.presence import address_of
        from keepwell.operations.serving.probe_token import probe_token
        from keepwell.operations.serving.publisher import Publisher

        address = address_of(self.home)
        if address is None:
            return None
        publisher = Publisher(
            self.home,
            self.metadata,
            self.endpoints,
            self.registry,
            blobs=self.blobs_url,
            serve=self.spec.serve,
        )
        return LiveProbe(
            address.url,
            self.registry.get,
            lambda: settle(publisher.publish, self.home),
            token=probe_token(self.home, self.spec.serve),
        )

    @cached_property
    def collector(self) -> "Collector":
        """Moves logged predictions into the table."""
        from keepwell.monitoring.prediction_log import Collector

        place = mark_beside(self.home, self._url("tables", self.home / "tables"))
        return Collector(self.tables, self.home / "serving" / "segments", self._feeder(), place)

    @cached_property
    def sketches(self) -> "SketchStore":
        """Accumulators of logged predictions."""
        from keepwell.monitoring.sketches.store import SketchStore

        return SketchStore(self.tables, self.clock)

    def _feeder(self) -> "Feeder":
        """Return what counts logged predictions; it holds what is on its way, so each has its own."""
        from keepwell.monitoring.sketches.feeder import Feeder

        return Feeder(self.sketches, self._watched, slices=self.spec.monitor.slices)

    def _watched(self, model: str, version: int) -> "tuple[ModelVersion, Profile]":
        """Return a version and the profile of what is logged of it."""
        from keepwell.monitoring.sketches.feeder import without_columns

        found = self.registry.get(model, version)
        return found, without_columns(self.registry.profile(found), self.spec.serve.log.redact)

    @cached_property
    def predictions(self) -> "PredictionLog":
        """Every answered row, and its outcome once known."""
        from keepwell.monitoring.prediction_log import PredictionLog

        return PredictionLog(self.tables, self.clock)

    @cached_property
    def explanations(self) -> "Explanations":
        """Says why an endpoint answered what it answered."""
        from keepwell.deployment.explaining import Explainers
        from keepwell.operations.explanations import Explanations
        from keepwell.operations.windows.asking import completed
        from keepwell.tracking.bundles import unpack

        return Explanations(
            self.endpoints,
            self.registry,
            self.predictions,
            self.collector.collect,
            Explainers(
                lambda bundle, name: unpack(self.blobs, bundle, name), self.registry.profile
            ),
            self.spec.explain.immutable,
            lambda model, rows: completed(self.home, model, rows, self.clock.now()),
        )

    @cached_property
    def trimmer(self) -> "Trimmer":
        """Holds the prediction log to its limits."""
        from keepwell.monitoring.prediction_log import Trimmer

        return Trimmer(self.tables, self.metadata, self.clock, self.spec.serve.log)

    @cached_property
    def intake(self) -> "Intake":
        """Takes predictions that devices made by themselves."""
        from keepwell.infrastructure.locks import exclusive
        from keepwell.monitoring.prediction_log.intake import Intake

        return Intake(
            self.tables,
            self.predictions,
            self.registry.get,
            self.clock,
            alone=lambda: exclusive(self.home / "run" / "import.lock", "an import of predictions"),
            redact=self.spec.serve.log.redact,
            counted=lambda name, rows: self._feeder().feed(f"import-{name}", 0, rows),
        )

    @cached_property
    def elsewhere(self) -> "Elsewhere":
        """Takes predictions of models that are served elsewhere."""
        from keepwell.infrastructure.locks import exclusive
        from keepwell.monitoring.elsewhere import Elsewhere

        return Elsewhere(
            self.tables,
            self.predictions,
            self.registry.get,
            self.clock,
            tell=self.feedback.record,
            alone=lambda: exclusive(self.home / "run" / "import.lock", "an import of predictions"),
            redact=self.spec.serve.log.redact,
        )

    @cached_property
    def courier(self) -> "Courier":
        """Carries what programs beside the workspace have logged into the prediction log."""
        from keepwell.monitoring.elsewhere import Courier
        from keepwell.operations.elsewhere.delivery import deliver_here

        deliver = deliver_here(
            self.endpoints, self.elsewhere, self.feedback, lambda: self.traces.store
        )
        return Courier(self.outbox, deliver)

    @cached_property
    def traces(self) -> "TraceDesk":
        """What language models were asked, and how good their answers were."""
        from keepwell.infrastructure.locks import exclusive
        from keepwell.operations.traces.desk import TraceDesk

        return TraceDesk(
            self, lambda: exclusive(self.home / "run" / "traces.lock", "keeping traces")
        )

    @property
    def outbox(self) -> Path:
        """Where programs beside the workspace log."""
        return self.home / "serving" / "outbox"

    @cached_property
    def tokens(self) -> "Tokens":
        """Tokens of consumers."""
        from keepwell.governance.tokens import Tokens

        return Tokens(self.metadata, self.clock)

    @cached_property
    def ledger(self) -> "Ledger":
        """What was used, and what it cost."""
        from keepwell.operations.spending.ledger import Ledger

        return Ledger(
            self.spec,
            self.home,
            self.runs,
            self.endpoints,
            self.registry,
            self.measurements,
            self.clock,
            calls=lambda since, until: self.traces.calls(since, until),  # noqa: PLW0108 (built late)
        )

    @cached_property
    def feedback(self) -> "Feedback":
        """Joins outcomes to predictions."""
        from keepwell.monitoring.feedback import Feedback

        return Feedback(self.tables, self.predictions, self.clock, collect=self.collector.collect)

    @cached_property
    def incidents(self) -> "Incidents":
        """Incidents and decisions."""
        from keepwell.operations.loop.incidents import Incidents

        return Incidents(self.metadata, self.clock)

    @cached_property
    def looping(self) -> "LoopDesk":
        """The loop, for people: how it stands, what it did and would do, and their word."""
        from keepwell.operations.serving.senses.desk import loop_desk

        return loop_desk(self.bench, self.incidents, self.tokens, self.measurements, self.playbooks)

    @cached_property
    def foresight(self) -> "Foresight":
        """What will run out, and what became of earlier forecasts."""
        from keepwell.operations.forecasts.foresight import Foresight
        from keepwell.operations.serving.subjects import measured_workers, watched_subjects

        def subjects() -> list[str]:
            return [*watched_subjects(self.endpoints), *measured_workers(self.measurements)]

        return Foresight(self.metadata, self.measurements, subjects, self.clock)

    @cached_property
    def handling(self) -> "Handling":
        """Incidents in people's hands."""
        from keepwell.operations.incidents.handling import Handling
        from keepwell.operations.loop.policy import Policy

        policy = Policy(loop=self.spec.loop, monitor=self.spec.monitor)
        return Handling(self.incidents, self.clock, lambda: policy.rest)

    @cached_property
    def surveyor(self) -> "Surveyor":
        """What changed around incidents."""
        from keepwell.operations.incidents.surroundings import Surveyor

        return Surveyor(self.metadata, self.measurements, self.incidents, self.endpoints)

    def story(self, incident: "Incident") -> str:
        """Return the post-mortem of an incident as Markdown."""
        from keepwell.operations.incidents.story import story_of

        return story_of(incident, self.incidents, self.surveyor, self.clock.now())

    @cached_property
    def alerts(self) -> "AlertDesk":
        """Alerts, silences, channels."""
        from keepwell.operations.alerts.desk import AlertDesk

        return AlertDesk(self, self.handling)

    @cached_property
    def notices(self) -> "Notices":
        """What other monitoring systems told."""
        from keepwell.operations.inbound import Notices

        return Notices(self.metadata, self.clock)

    @cached_property
    def standings(self) -> "Standings":
        """How endpoints stand: estimates, outcomes, KPIs, groups, service levels."""
        from keepwell.operations.standing import Standings

        return Standings(self.bench, self.predictions, self.metadata.measurements, self.incidents)

    @cached_property
    def bench(self) -> "Bench":
        """The parts that a build uses."""
        from keepwell.operations.build.bench import Bench

        return Bench(
            spec=self.spec,
            home=self.home,
            clock=self.clock,
            metadata=self.metadata,
            blobs=self.blobs,
            datasets=self.datasets,
            runs=self.runs,
            registry=self.registry,
            endpoints=self.endpoints,
            rollouts=self.rollouts,
            must_allow=self.ledger.must_allow,
            shared=self._url("metadata", Path()).startswith("postgres"),
        )

    def playbooks(self, **means: Any) -> "Playbooks":
        """Return what the loop may do; `probe`, `jobs` and `link` of `Means` where somebody serves."""
        from keepwell.operations.playbooks.registry import open_playbooks

        stores = (self.bench, self.predictions, self.measurements, self.collector.collect)
        return open_playbooks(*stores, **means)

    @cached_property
    def builder(self) -> "Builder":
        """The build journey over this workspace's parts."""
        from keepwell.operations.build.journey import Builder

        return Builder(self.bench)

    def report(self, endpoint: str) -> Mapping[str, Any] | None:
        """Return the latest monitor report of an endpoint, None if nothing was watched yet."""
        return self.measurements.read_report(f"endpoint:{endpoint}")
