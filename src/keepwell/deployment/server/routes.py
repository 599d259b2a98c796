"""The routing file: who answers what, told to all workers by one atomic replacement."""

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from keepwell.core.errors import NotFoundError
from keepwell.core.records import (
    BundleFile,
    Endpoint,
    Flags,
    ModelVersion,
    Quarantined,
    Route,
    Signature,
    Token,
)
from keepwell.core.spec import LimitsSpec, LogSpec
from keepwell.deployment.flags.steps import PREVIOUS, read_fallback
from keepwell.infrastructure.codec import from_json, to_json
from keepwell.infrastructure.files import write_atomic
from keepwell.infrastructure.locks import exclusive


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedRoute:
    """A version behind an endpoint, with all that a worker needs to answer for it."""

    version: int
    weight: float
    role: str
    files: tuple[BundleFile, ...]
    signature: Signature


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedEndpoint:
    """An endpoint as workers see it; without routes it answers 503.

    `others` are loaded too: versions that rules and fallbacks lead to. `previous` is what a fallback of
    that name stands for. `columns` are logged with every row; empty: those of the version that answers.
    One that is `external` answers nothing: its model is served elsewhere. `quarantined` columns are not
    believed. `most_rows` of one request, where that is fewer than the limits say.
    """

    name: str
    model: str
    key: str = ""
    routes: tuple[ServedRoute, ...] = ()
    others: tuple[ServedRoute, ...] = ()
    flags: Flags = field(default_factory=Flags)
    previous: int = 0
    columns: tuple[str, ...] = ()
    external: bool = False
    quarantined: tuple[Quarantined, ...] = ()
    most_rows: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """The whole routing file.

    Attributes:
        generation: Counts the changes of the file; workers say which one they answer by.
        blobs: URL of the blob store that has the bundles.
        endpoints: All endpoints.
        log: What the prediction log keeps.
        limits: How much one request may ask, and one worker may take on.
        memory: Bytes that the models of one worker may take; None for all of them.
        idle: Seconds after which a model that nobody asks is unloaded; None for never.
        tokens: Those that are good.
        tokens_required: Whether nobody is answered without one.
    """

    generation: int = 0
    blobs: str = ""
    endpoints: tuple[ServedEndpoint, ...] = ()
    log: LogSpec = field(default_factory=LogSpec)
    limits: LimitsSpec = field(default_factory=LimitsSpec)
    memory: int | None = None
    idle: float | None = None
    tokens: tuple[Token, ...] = ()
    tokens_required: bool = False


def routes_path(home: Path) -> Path:
    """Return where the routing file of a workspace lies."""
    return home / "serving" / "routes.json"


def read_routes(home: Path) -> Routes:
    """Return what the routing file says; generation 0 if there is none yet."""
    try:
        data = routes_path(home).read_bytes()
    except FileNotFoundError:
        return Routes()
    return from_json(Routes, data)


def publish_routes(  # noqa: PLR0913 (what the file says)
    home: Path,
    endpoints: Iterable[Endpoint],
    lookup: Callable[[str, int], ModelVersion],
    *,
    blobs: str,
    log: LogSpec | None = None,
    limits: LimitsSpec | None = None,
    memory: int | None = None,
    idle: float | None = None,
    tokens: Iterable[Token] = (),
    tokens_required: bool = False,
) -> int:
    """Tell all workers of a workspace who answers what.

    Args:
        home: The workspace's folder.
        endpoints: All endpoints; one that is not among them is no longer served.
        lookup: Gives a model's version: `Registry.get`.
        blobs: URL of the blob store.
        log: What the prediction log keeps; everything if None.
        limits: How much one request may ask; the usual if None.
        memory: Bytes that the models of one worker may take.
        idle: Seconds after which a model that nobody asks is unloaded.
        tokens: Those that are good.
        tokens_required: Answer nobody without one.

    Returns:
        The generation to wait for; the present one if nothing changed.
    """
    served = tuple(
        _served(endpoint, lookup) for endpoint in sorted(endpoints, key=lambda e: e.name)
    )
    with exclusive(home / "run" / "routes.lock", "publishing routes", timeout=10):
        before = read_routes(home)
        wish = Routes(
            generation=before.generation,
            blobs=blobs,
            endpoints=served,
            log=log or LogSpec(),
            limits=limits or LimitsSpec(),
            memory=memory,
            idle=idle,
            tokens=tuple(sorted(tokens, key=lambda one: one.id)),
            tokens_required=tokens_required,
        )
        if wish == before:
            return before.generation
        generation = before.generation + 1
        write_atomic(routes_path(home), to_json(replace(wish, generation=generation)))
    return generation


def _served(endpoint: Endpoint, lookup: Callable[[str, int], ModelVersion]) -> ServedEndpoint:
    if endpoint.external:
        return ServedEndpoint(name=endpoint.name, model=endpoint.model, external=True)

    def served(route: Route) -> ServedRoute:
        version = lookup(endpoint.model, route.version)
        return ServedRoute(
            version=route.version,
            weight=route.weight,
            role=route.role,
            files=version.bundle.files,
            signature=version.signature,
        )

    others = []
    for number in _named(endpoint):
        with contextlib.suppress(NotFoundError):  # removed since: that step answers no more
            others.append(served(Route(version=number, weight=0.0, role="named")))
    return ServedEndpoint(
        name=endpoint.name,
        model=endpoint.model,
        key=endpoint.key,
        routes=tuple(served(route) for route in endpoint.routes),
        others=tuple(others),
        flags=endpoint.flags,
        previous=endpoint.previous,
        columns=_columns(endpoint, lookup),
        quarantined=endpoint.quarantined,
        most_rows=endpoint.most_rows,
    )


def _columns(endpoint: Endpoint, lookup: Callable[[str, int], ModelVersion]) -> tuple[str, ...]:
    """Return every column that a version takes which is compared; empty where nothing is."""
    if not endpoint.logs:
        return ()
    versions = {*endpoint.logs, *(route.version for route in endpoint.routes), *_named(endpoint)}
    names: set[str] = set()
    for number in versions:
        with contextlib.suppress(NotFoundError):
            names |= {item.name for item in lookup(endpoint.model, number).signature.inputs}
    return tuple(sorted(names))


def _named(endpoint: Endpoint) -> list[int]:
    """Return the versions that flags name and no route has."""
    flags = endpoint.flags
    routed = {route.version for route in endpoint.routes}
    named = [rule.version for rule in flags.rules]
    named += [
        endpoint.previous if text == PREVIOUS else read_fallback(text).version
        for text in flags.fallback
    ]
    return [number for number in dict.fromkeys(named) if number and number not in routed]
