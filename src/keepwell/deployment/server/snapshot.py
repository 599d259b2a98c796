"""What a worker answers by: all endpoints with their scorers loaded, replaced as a whole."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from keepwell.core.errors import IntegrityError, KeepwellError, NotFoundError
from keepwell.core.records import BundleFile, Route, Signature, Task
from keepwell.core.spec import LimitsSpec, LogSpec
from keepwell.deployment.example import example_of
from keepwell.deployment.flags.live import Constant, LiveFlags, live_flags
from keepwell.deployment.flags.steps import read_fallback
from keepwell.deployment.labels import Labels
from keepwell.deployment.log_policy import LogPolicy
from keepwell.deployment.quarantine import Quarantine
from keepwell.deployment.routing import Split
from keepwell.deployment.scoring.scorer import Scorer, load_scorer
from keepwell.deployment.server.admission.access import Access
from keepwell.deployment.server.admission.meters import Meters
from keepwell.deployment.server.routes import Routes, ServedEndpoint, ServedRoute
from keepwell.deployment.server.shelf import Shelf, ShelvedScorer
from keepwell.features.windows import Completer, WindowStore

ReadBlob = Callable[[str], bytes]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRoute:
    """A version that has been loaded and has answered a row; only one on a shelf may be unloaded."""

    version: int
    role: str
    scorer: Scorer | ShelvedScorer
    labels: Labels
    files: tuple[BundleFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveEndpoint:
    """An endpoint that can answer, unless `routes` is empty.

    Attributes:
        routes: Who answers by shares; `split` counts them.
        loaded: Every version that is loaded, by number: those that rules and fallbacks lead to, too.
        flags: What is switched; None if nothing is.
        columns: Inputs that are logged with every row; empty: those of the version that answers.
        external: Its model answers somewhere else.
        quarantine: Columns that are not believed; None if there are none.
        most_rows: Rows that one request may have, where that is fewer than the limits say; 0 otherwise.
        completer: Calculates inputs that requests need not hold; None if there are none.
    """

    name: str
    model: str
    key: str
    routes: tuple[LiveRoute, ...]
    split: Split
    key_is_input: bool = False
    loaded: Mapping[int, LiveRoute] = field(default_factory=dict)
    flags: LiveFlags | None = None
    columns: frozenset[str] = frozenset()
    logs_key: bool = True
    external: bool = False
    quarantine: Quarantine | None = None
    most_rows: int = 0
    completer: Completer | None = None

    @property
    def served(self) -> tuple[LiveRoute, ...]:
        """Every version that may be asked for by number: those with a share, and those only loaded."""
        return tuple(self.loaded.values()) or self.routes


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything a request needs. Never changed: a new one takes its place.

    Attributes:
        generation: The newest generation of the routing file that is followed to the letter.
        endpoints: By name.
        problems: What of the routing file cannot be followed, and why; empty if nothing.
        log: What is logged of what is answered.
        limits: How much one request may ask, and this worker may take on.
        access: Who may ask.
    """

    generation: int = 0
    endpoints: Mapping[str, LiveEndpoint] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    log: LogPolicy = field(default_factory=lambda: LogPolicy(LogSpec()))
    limits: LimitsSpec = field(default_factory=LimitsSpec)
    access: Access = field(default_factory=Access)


def load_snapshot(
    routes: Routes,
    before: Snapshot,
    read: ReadBlob,
    meters: Meters | None = None,
    shelf: Shelf | None = None,
    windows: WindowStore | None = None,
) -> Snapshot:
    """Return the snapshot that routes ask for; scorers that are loaded already are kept.

    A version that cannot be loaded takes no traffic: its keys go to the other routes of its endpoint,
    and if none is left, the endpoint goes on as before.

    Args:
        routes: What the routing file says.
        before: What is served now.
        read: Gives a blob by digest, verified.
        meters: What each consumer has used.
        shelf: Where models are that may be unloaded, if any may; without one all stay.
        windows: What happened before, for inputs that are calculated from it.
    """
    problems: list[str] = []
    endpoints: dict[str, LiveEndpoint] = {}
    shelf = Shelf() if shelf is None else shelf
    shelf.allow(routes.memory, routes.idle)
    for served in routes.endpoints:
        old = before.endpoints.get(served.name)
        live = []
        for route in (*served.routes, *served.others):
            try:
                live.append((route, _load_route(route, old, served, read, routes.log, shelf)))
            except Exception as error:  # whatever a bundle does, the others must go live
                _logger.exception("version %s of %s cannot be loaded", route.version, served.model)
                problems.append(f"version {route.version} of '{served.model}': {_say(error)}")
        if served.routes and not live and old is not None and not served.flags.fallback:
            endpoints[served.name] = old
        else:
            endpoints[served.name] = _live_endpoint(served, live, routes.log, windows)
    shelf.keep(route.scorer for endpoint in endpoints.values() for route in endpoint.served)
    return Snapshot(
        generation=before.generation if problems else routes.generation,
        endpoints=endpoints,
        problems=tuple(problems),
        log=LogPolicy(routes.log),
        limits=routes.limits,
        access=Access(routes.tokens, required=routes.tokens_required, meters=meters),
    )


def _live_endpoint(
    served: ServedEndpoint,
    live: list[tuple[ServedRoute, LiveRoute]],
    log: LogSpec,
    windows: WindowStore | None,
) -> LiveEndpoint:
    given = {route.version for route in served.routes}
    answering = [(route, one) for route, one in live if route.version in given]
    if any(route.weight > 0 for route in served.routes):  # who is only loaded takes nobody's place
        answering = [(route, one) for route, one in answering if route.weight > 0]
    shares = [Route(version=r.version, weight=r.weight, role=r.role) for r, _ in answering]
    split = Split(served.name, shares)
    flags = _flags(served, {route.version: one for route, one in live}, log)
    return LiveEndpoint(
        name=served.name,
        model=served.model,
        key=served.key,
        routes=tuple(route for _, route in answering),
        split=split,
        key_is_input=any(r.signature.input(served.key) is not None for r, _ in live),
        loaded={route.version: one for route, one in live},
        flags=flags,
        columns=frozenset(served.columns) - set(log.redact),
        logs_key=served.key not in log.redact,
        external=served.external,
        quarantine=Quarantine(served.quarantined) if served.quarantined else None,
        most_rows=served.most_rows,
        completer=Completer.of([r.signature for r, _ in live], windows) if windows else None,
    )


def _flags(
    served: ServedEndpoint, loaded: Mapping[int, LiveRoute], log: LogSpec
) -> LiveFlags | None:
    """Return an endpoint's flags with rules parsed and the answerers of its fallback at hand."""
    signatures = [route.signature for route in (*served.routes, *served.others)]
    signature = (
        signatures[0] if signatures else Signature(task=Task.REGRESSION, target="", inputs=())
    )

    def constant(value: Any) -> LiveRoute:
        return LiveRoute(
            version=0,
            role="fallback",
            scorer=cast("Scorer", Constant(value)),  # answers rows; nothing else is asked of it
            labels=Labels(signature, log.redact),
            files=(),
        )

    by_rule = {version: replace(route, role="rule") for version, route in loaded.items()}
    found = live_flags(
        served.flags,
        served.key,
        [read_fallback(text, previous=served.previous) for text in served.flags.fallback],
        by_rule,
        constant,
    )
    if found is None:
        return None
    chain = tuple(replace(step, route=replace(step.route, role="fallback")) for step in found.chain)
    return replace(found, chain=chain)


def _load_route(
    route: ServedRoute,
    old: LiveEndpoint | None,
    served: ServedEndpoint,
    read: ReadBlob,
    log: LogSpec,
    shelf: Shelf,
) -> LiveRoute:
    def load() -> Scorer:
        scorer = load_scorer(_reader(route.files, read), route.signature)
        scorer.rows([example_of(route.signature)])  # it must have answered before it is asked
        return scorer

    known = []
    if old is not None and old.model == served.model:
        known = [
            one.scorer
            for one in old.loaded.values()
            if one.files == route.files and isinstance(one.scorer, ShelvedScorer) is shelf.active
        ]
    scorer: Scorer | ShelvedScorer
    if known:
        scorer = known[0]
    elif shelf.active:
        name = f"version {route.version} of '{served.model}'"
        size = sum(file.size for file in route.files)
        scorer = shelf.put(route.signature, load, size, name)
    else:
        scorer = load()
    if isinstance(scorer, ShelvedScorer):
        scorer.load = load  # the blobs may have moved since
    return LiveRoute(
        version=route.version,
        role=route.role,
        scorer=scorer,
        labels=Labels(route.signature, log.redact),
        files=route.files,
    )


def _reader(files: tuple[BundleFile, ...], read: ReadBlob) -> Callable[[str], bytes]:
    by_name = {file.name: file for file in files}

    def read_file(name: str) -> bytes:
        file = by_name.get(name)
        if file is None:
            raise NotFoundError(f"the bundle has no file '{name}'", why=f"it holds {list(by_name)}")
        data = read(file.digest)
        if len(data) != file.size:
            raise IntegrityError(f"'{name}' has {len(data):,} bytes; packed were {file.size:,}")
        return data

    return read_file


def _say(error: Exception) -> str:
    if isinstance(error, KeepwellError):
        return f"{error.what} ({error.why})" if error.why else error.what
    return f"{type(error).__name__}: {error}"
