"""`keepwell up`: everything that keeps a workspace alive, in one process beside the workers.

The workers own the port. This process stands behind them on a Unix socket: pages, REST, feedback. Beside
it, threads collect the prediction log, publish routes as the record changes, and look after every
endpoint. Killing it stops those, not the predictions; the next one takes the workers over.
"""

import contextlib
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from keepwell.core.errors import UsageError
from keepwell.core.events import acting_as
from keepwell.infrastructure.interruption import heeding
from keepwell.operations.anomalies.watch import Watch
from keepwell.operations.leadership import (
    Leadership,
    Place,
    fenced,
    leader_of,
    record_leader,
)
from keepwell.operations.leadership.errands import Errands
from keepwell.operations.leadership.leader import LOOK_EVERY
from keepwell.operations.serving.periodic import Periodic
from keepwell.operations.serving.presence import Address, presence
from keepwell.operations.serving.probe_token import probe_token
from keepwell.operations.serving.publisher import Publisher
from keepwell.operations.serving.subjects import watched_subjects

if TYPE_CHECKING:
    from keepwell.deployment.probing import LiveProbe
    from keepwell.deployment.server import Supervisor
    from keepwell.operations.loop.service import LoopService
    from keepwell.operations.rollouts.keeper import Keeper
    from keepwell.operations.serving.sight import Sight
    from keepwell.operations.serving.validation import Validations
    from keepwell.workspace import Workspace

COLLECT_EVERY = 2.0
FOLLOW_EVERY = 0.25
TIDY_EVERY = 600.0
SCHEDULE_EVERY = 5.0
VALIDATE_EVERY = 20.0
LEAD_EVERY = 5.0
ALERT_EVERY = 10.0
SEND_EVERY = 1.0
STAND_EVERY = 30.0
TRIM_EVERY = 300.0
ANOMALIES_EVERY = 30.0
FORESIGHT_EVERY = 600.0
HOURS_EVERY = 60.0
TRACES_EVERY = 10.0
KEEP_FILES_DAYS = 1 / 24
FINE_SECONDS = 3600.0
COARSE_SECONDS = 60.0
"""Measurements older than an hour are thinned to one a minute."""
WORKERS_TIMEOUT = 30.0
BACKLOG = 128

Work = tuple[str, float, Callable[[], object]]
"""What is done, every how many seconds, and how."""


def up(
    workspace: "Workspace",
    *,
    host: str = "",
    port: int | None = None,
    workers: int = 0,
    on_ready: Callable[[str], None] = lambda url: None,
) -> None:
    """Serve a workspace until interrupted.

    Args:
        workspace: What is served.
        host: Address to listen on; the project's if empty.
        port: Port to listen on, 0 for any free one; the project's if None.
        workers: Processes that answer predictions; the project's if 0.
        on_ready: Told the URL once every worker answers.

    Raises:
        BusyError: If the workspace is served already, or the port is taken: says by whom.
        NotFoundError: If `serve.pools` names an endpoint that there is not.
        UsageError: If a rule of the loop asks a playbook for what it cannot do.
    """
    import uvicorn

    from keepwell.api.app import create_app
    from keepwell.deployment.probing import LiveProbe
    from keepwell.deployment.server import Supervisor

    workspace.playbooks().check(workspace.spec.loop)
    serve, home, every = workspace.spec.serve, workspace.home, workspace.spec.monitor.every
    host = host or serve.host
    path = control_socket(home)
    supervisor = Supervisor(
        home,
        host,
        serve.port if port is None else port,
        workers or serve.workers,
        path,
        grpc_port=serve.grpc_port or 0,
    )
    with (
        _log_to(home / "logs" / "control.log"),
        contextlib.suppress(KeyboardInterrupt),
        heeding(signal.SIGTERM) as interruption,
        contextlib.ExitStack() as stack,
    ):
        publisher = Publisher(
            home,
            workspace.metadata,
            workspace.endpoints,
            workspace.registry,
            blobs=workspace.blobs_url,
            serve=serve,
        )
        announce = stack.enter_context(presence(home))
        if not _led_elsewhere(workspace):
            _declare(workspace)
        pages = stack.enter_context(_listen(path))  # from now on requests wait, not fail
        generation = publisher.publish()
        _begin_scale(workspace, supervisor, workers)
        supervisor.start()
        stack.callback(workspace.collector.close)
        stack.callback(workspace.collector.collect)  # what the last answers logged, once all ended
        stack.callback(supervisor.stop)
        address = Address(host=host, port=supervisor.port)
        announce(address)
        probe = LiveProbe(
            address.url,
            workspace.registry.get,
            lambda: supervisor.wait_for(publisher.publish(), WORKERS_TIMEOUT),
            token=probe_token(workspace.home, workspace.spec.serve),
        )
        watch = _watch(workspace)
        leadership = _leadership(workspace, address.url, stack)
        alone = leadership.only  # what two control processes must not do both
        loop, keeper, sight = _loop(workspace, supervisor, probe, address.url, leadership, stack)
        sight.anomalies = watch.recent
        leadership.look()
        for job in (
            Periodic("seeing who leads", LOOK_EVERY, leadership.look),
            Periodic("collecting predictions", COLLECT_EVERY, workspace.collector.collect),
            Periodic("taking what was logged", COLLECT_EVERY, workspace.courier.run),
            Periodic("publishing routes", FOLLOW_EVERY, publisher.follow),
            Periodic("following the scale", FOLLOW_EVERY, lambda: _scale(workspace, supervisor)),
            *_machines(workspace, stack),
            *_exports(workspace, supervisor, loop, leadership),
            Periodic("counting beside the leader", every, lambda: _count(leadership, sight)),
            *(
                Periodic(name, seconds, alone(work))
                for name, seconds, work in (
                    ("leading rollouts", min(every, LEAD_EVERY), keeper.look),
                    ("trimming the log", TRIM_EVERY, workspace.trimmer.trim),
                    ("validating the champion", VALIDATE_EVERY, _validations(workspace).run_due),
                    ("following the flags of the file", LEAD_EVERY, lambda: _declare(workspace)),
                    ("tidying tables", TIDY_EVERY, lambda: _tidy(workspace)),
                    ("seeing how endpoints stand", STAND_EVERY, workspace.standings.look_at_all),
                    ("starting batch jobs", SCHEDULE_EVERY, _batches(workspace, stack)),
                    ("looking for anomalies", ANOMALIES_EVERY, watch.look),
                    ("looking ahead", FORESIGHT_EVERY, workspace.foresight.look),
                    ("looking at traces", TRACES_EVERY, workspace.traces.look),
                    ("trimming traces", TRIM_EVERY, workspace.traces.trim),
                    *_alerting(workspace, sight, address.url, stack),
                    ("looking after endpoints", every, loop.look),
                )
            ),
        ):
            job.start()
            stack.callback(job.stop)
        ready = (supervisor, generation, address.url, on_ready)
        threading.Thread(target=_tell, args=ready, name="telling readiness", daemon=True).start()
        app = create_app(workspace, supervisor=supervisor, loop=loop, host=host)
        config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=3)
        interruption.check()  # a Ctrl-C while all that was loaded; from here on uvicorn listens for it
        with acting_as("api"):
            uvicorn.Server(config).run(sockets=[pages])


def _watch(workspace: "Workspace") -> Watch:
    return Watch(
        workspace.measurements,
        lambda: watched_subjects(workspace.endpoints, workspace.traces.apps()),
        workspace.clock,
    )


def _leadership(workspace: "Workspace", url: str, stack: contextlib.ExitStack) -> Leadership:
    leadership = Leadership(
        workspace.metadata.leases,
        Place.here(workspace.home, url),
        announce=lambda lease: record_leader(workspace.metadata, lease),
    )
    stack.callback(leadership.close)
    return leadership


@contextlib.contextmanager
def _listen(path: Path) -> Iterator[socket.socket]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen(BACKLOG)
        yield listener
    path.unlink(missing_ok=True)


def control_socket(home: Path) -> Path:
    """Return where the control process listens for the workers.

    A Unix socket's path may have 107 bytes; a workspace deep in the file system gets one in the
    temporary folder, named after it.
    """
    import hashlib
    import os
    import tempfile

    path = home / "run" / "control.sock"
    if len(os.fsencode(path)) < 100:  # noqa: PLR2004
        return path
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"keepwell-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{name}.sock"


def _loop(
    workspace: "Workspace",
    supervisor: "Supervisor",
    probe: "LiveProbe",
    link: str,
    leadership: Leadership,
    stack: contextlib.ExitStack,
) -> "tuple[LoopService, Keeper, Sight]":
    from keepwell.operations.build.retraining_job import bury
    from keepwell.operations.loop.executor import Executor
    from keepwell.operations.loop.service import LoopService
    from keepwell.operations.rollouts.evidence import Evidence
    from keepwell.operations.rollouts.keeper import Keeper
    from keepwell.operations.serving.effects import LiveEffects
    from keepwell.operations.serving.retraining_jobs import RetrainingJobs
    from keepwell.operations.serving.sight import Sight

    command = [sys.executable, "-m", "keepwell.cli.jobs.retrain", str(workspace.root)]
    jobs = RetrainingJobs(
        workspace.metadata,
        workspace.home,
        command,
        abroad=errands_of(workspace),
        bury=lambda identifier: bury(workspace.bench, identifier),
    )
    stack.callback(jobs.close)
    playbooks = workspace.playbooks(probe=probe, jobs=jobs, link=link)
    effects = fenced(LiveEffects(workspace.bench, jobs, probe, playbooks), leadership.check)
    sight = Sight(
        workspace.bench,
        predictions=workspace.predictions,
        measurements=workspace.measurements,
        incidents=workspace.incidents,
        jobs=jobs,
        collect=workspace.collector.collect,
        workers=supervisor.workers,
    )
    evidence = Evidence(workspace.bench, workspace.predictions, workspace.tables, sight.meter)
    sight.evidence = evidence
    sight.sketches = workspace.sketches
    sight.beside.append(workspace.standings.signals)
    workspace.standings.count_by(sight.meter.since)
    keeper = Keeper(workspace.bench, evidence, probe)
    executor = Executor(workspace.incidents, effects, workspace.clock)
    leadership.on_taken += [executor.forget, sight.forget]
    every = workspace.spec.monitor.every
    loop = LoopService(sight, executor, workspace.clock, every)
    loop.tell = workspace.looping.statuses.tell
    return loop, keeper, sight


def _alerting(
    workspace: "Workspace", sight: "Sight", url: str, stack: contextlib.ExitStack
) -> tuple[Work, Work]:
    """Return what watches for alerts, and what sends them."""
    from keepwell.operations.serving.alerting import watcher_of
    from keepwell.operations.spending.machinery import alarming_signals

    sources = (
        workspace.foresight.signals,
        lambda: alarming_signals(workspace.measurements, workspace.clock.now()),
        workspace.traces.signals,
    )
    watcher = watcher_of(workspace, url, sources)
    courier = workspace.alerts.courier()
    sight.beside.append(watcher.signals)
    stack.callback(courier.finish)
    every = min(workspace.spec.monitor.every, ALERT_EVERY)
    return (
        ("watching for alerts", every, watcher.look),
        ("sending alerts", SEND_EVERY, courier.look),
    )


def _led_elsewhere(workspace: "Workspace") -> bool:
    """Tell whether another control process, by all signs alive, leads this workspace."""
    here, now = Place.here(workspace.home), workspace.clock.now()
    leader = leader_of(workspace.metadata.leases, here, now)
    return leader is not None and not leader.here and not leader.late


def _count(leadership: Leadership, sight: "Sight") -> None:
    """Know what the workers answered before this process leads; while it does, the loop counts."""
    if not leadership.leading:
        sight.meter.sample()


def errands_of(workspace: "Workspace") -> Errands:
    """Return what is known of jobs on other machines."""
    return Errands(workspace.metadata.leases, Place.here(workspace.home))


def _begin_scale(workspace: "Workspace", supervisor: "Supervisor", workers: int) -> None:
    """Start with as many workers as are declared, or with those that a killed `keepwell up` left."""
    from keepwell.deployment.scaling import wish_of

    serve = workspace.spec.serve
    scale = workspace.scaling.begin(
        workers or serve.workers,
        serve.pools,
        keep=supervisor.finds_running(),
        endpoints={workspace.spec.endpoint, *(one.name for one in workspace.endpoints.find())},
        why=f"keepwell up --workers {workers}" if workers else "keepwell.yaml",
    )
    supervisor.scale(wish_of(scale))


def _scale(workspace: "Workspace", supervisor: "Supervisor") -> None:
    from keepwell.deployment.scaling import wish_of

    supervisor.scale(wish_of(workspace.scaling.read()))


def _declare(workspace: "Workspace") -> None:
    """Follow the flags of the project file, where it changed.

    Raises:
        UsageError: If they cannot be read, or do not fit the model: who changed the file wants to know.
    """
    workspace.switchboard.declare(workspace.spec.endpoint, workspace.spec.serve.flags)


def _batches(workspace: "Workspace", stack: contextlib.ExitStack) -> Callable[[], object]:
    from keepwell.operations.batch.scheduler import BatchScheduler

    command = [sys.executable, "-m", "keepwell.cli.jobs.batch", str(workspace.root)]
    abroad = errands_of(workspace)
    scheduler = BatchScheduler(workspace.bench, command, elsewhere=abroad.elsewhere)
    stack.callback(scheduler.close)
    return scheduler.look


def _exports(
    workspace: "Workspace", supervisor: "Supervisor", loop: "LoopService", leadership: Leadership
) -> list[Periodic]:
    """Return the jobs that tell other systems what is seen here; none unless the project file names some."""
    if not workspace.spec.monitor.export:
        return []
    from keepwell.api.exposition import gather
    from keepwell.operations.outbound import start_exports

    return start_exports(
        workspace.bench,
        workspace.predictions,
        lambda: gather(workspace, supervisor, loop),
        lambda: leadership.leading,
        measured=workspace.traces.stages,
    )


def _machines(workspace: "Workspace", stack: contextlib.ExitStack) -> list[Periodic]:
    """Return what watches the machine and books what is used; nothing where it is not wanted."""
    from keepwell.operations.spending.attendance import Attendance

    spec = workspace.spec.monitor.machines
    hours = workspace.spec.serve.size == "hours"
    if spec.watch == "off":
        if hours:
            raise UsageError(
                "workers cannot follow the hours",
                why="serve.size: hours learns from what is used, and monitor.machines.watch is off",
                now="remove one of the two lines from keepwell.yaml",
            )
        return []
    attendance = Attendance(
        workspace.home,
        workspace.spec,
        workspace.metadata.measurements,
        workspace.clock,
        workspace.endpoints,
        workspace.scaling,
        workspace.ledger.budget,
    )
    stack.callback(attendance.close)
    watching = Periodic("watching the machine", spec.every, attendance.look)
    return [watching, _following_hours(workspace)] if hours else [watching]


def _following_hours(workspace: "Workspace") -> Periodic:
    from keepwell.monitoring.machines.allowance import allowance
    from keepwell.operations.sizing import Hours

    hours = Hours(
        workspace.spec,
        workspace.scaling,
        workspace.measurements,
        workspace.endpoints.find,
        workspace.clock,
        lambda: allowance().cores,
    )
    return Periodic("following the hours", HOURS_EVERY, hours.look)


def _validations(workspace: "Workspace") -> "Validations":
    from keepwell.operations.serving.validation import Validations

    return Validations(workspace.bench, workspace.predictions)


def _tell(
    supervisor: "Supervisor", generation: int, url: str, on_ready: Callable[[str], None]
) -> None:
    if supervisor.wait_for(generation, WORKERS_TIMEOUT):
        on_ready(url)
    else:
        problems = [problem for state in supervisor.workers() for problem in state.problems]
        logging.getLogger(__name__).error(
            "the workers do not follow generation %s: %s", generation, problems or "no heartbeat"
        )
        on_ready(url)


def _tidy(workspace: "Workspace") -> None:
    workspace.sketches.compact()
    for table in ("predictions", "outcomes", "shadows", "sketches", "spans", "trace_scores"):
        if workspace.tables.version(table) is not None:
            workspace.tables.maintain(table, KEEP_FILES_DAYS)
    older = workspace.clock.now() - FINE_SECONDS
    for app in workspace.traces.apps():
        workspace.metadata.measurements.thin(older, COARSE_SECONDS, f"traces:{app}")
    for endpoint in workspace.endpoints.find():
        subject = f"endpoint:{endpoint.name}"
        workspace.metadata.measurements.thin(older, FINE_SECONDS, f"loop:{endpoint.name}")
        versions = [route.version for route in endpoint.routes]
        for one in (subject, *(f"{subject}/v{version}" for version in versions)):
            workspace.metadata.measurements.thin(older, COARSE_SECONDS, one)


@contextlib.contextmanager
def _log_to(path: Path) -> Iterator[None]:
    """Send what the control process has to say to a file: the terminal belongs to the user."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
        handler.close()
