"""Which version answers which rows of a request.

With a key column on the endpoint each row goes by its own key, so a customer meets one version wherever
in a request they stand; rows without a key, and endpoints without a key column, go by the request: all
such rows of one request meet the same version.
"""

from dataclasses import dataclass
from typing import Any

from keepwell.deployment.server.snapshot import LiveEndpoint, LiveRoute

Instance = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The rows of a request that one version answers.

    Attributes:
        route: That version.
        rows: The rows, without the key column unless the model takes it.
        keys: Their keys as text, empty where none was sent.
        places: Where they stand in the request; None if these are all rows, in order.
    """

    route: LiveRoute
    rows: list[Instance]
    keys: list[str]
    places: list[int] | None = None


def assign(
    endpoint: LiveEndpoint, instances: list[Instance], request: str, *, by_request: bool = False
) -> list[Part]:
    """Return the parts of a request; the first one holds its first row.

    Args:
        endpoint: Who is asked.
        instances: The rows; their key column is taken off where the model does not take it.
        request: Id of the request.
        by_request: Let the request decide for all rows, whatever keys they have.
    """
    flags = endpoint.flags
    ruled = None
    if flags is not None and flags.rules and not by_request:
        ruled = [flags.route_of(instance) for instance in instances]
    keys = _take_keys(endpoint, instances)
    if ruled is not None and any(ruled):
        return _by_rule(endpoint, instances, keys, request, ruled)
    routes = endpoint.routes
    whole = endpoint.split.whole
    if whole is None and (by_request or not (endpoint.key and instances)):
        whole = endpoint.split.pick(request)
    if whole is not None:
        return [Part(route=routes[whole], rows=instances, keys=keys)]
    chosen: dict[int, list[int]] = {}
    for place, key in enumerate(keys):
        chosen.setdefault(endpoint.split.pick(key or request), []).append(place)
    if len(chosen) == 1:
        return [Part(route=routes[next(iter(chosen))], rows=instances, keys=keys)]
    return [
        Part(
            route=routes[position],
            rows=[instances[place] for place in places],
            keys=[keys[place] for place in places],
            places=places,
        )
        for position, places in chosen.items()
    ]


def sole_route(endpoint: LiveEndpoint) -> LiveRoute | None:
    """Return the version that answers every request, whatever is in it; None if that depends.

    What `assign` looks at beyond the shares must be looked at here too: requests of an endpoint with a
    sole route may be answered without asking `assign`, and by that version alone.
    """
    if (
        endpoint.flags is not None
        or endpoint.quarantine is not None
        or endpoint.completer is not None
    ):
        return None
    whole = endpoint.split.whole
    return endpoint.routes[whole] if whole is not None and endpoint.routes else None


def believed(endpoint: LiveEndpoint, part: Part) -> list[Instance]:
    """Return the rows of a part as the model is to see them; the log keeps them as they were sent."""
    quarantine = endpoint.quarantine
    return part.rows if quarantine is None else quarantine.screened(part.rows)


def unanswered(endpoint: LiveEndpoint, instances: list[Instance], route: LiveRoute) -> list[Part]:
    """Return the rows of a request that no version is asked for, as they go to the fallback."""
    return [Part(route=route, rows=instances, keys=_take_keys(endpoint, instances))]


def _by_rule(
    endpoint: LiveEndpoint,
    instances: list[Instance],
    keys: list[str],
    request: str,
    ruled: list[LiveRoute | None],
) -> list[Part]:
    """Return the parts of a request of which rules decide some rows, the shares the others."""
    chosen: dict[int, tuple[LiveRoute, list[int]]] = {}
    for place, (key, rule) in enumerate(zip(keys, ruled, strict=True)):
        route = rule or endpoint.routes[endpoint.split.pick(key or request)]
        chosen.setdefault(id(route), (route, []))[1].append(place)
    return [
        Part(
            route=route,
            rows=[instances[place] for place in places],
            keys=[keys[place] for place in places],
            places=None if len(chosen) == 1 else places,
        )
        for route, places in chosen.values()
    ]


def _take_keys(endpoint: LiveEndpoint, instances: list[Instance]) -> list[str]:
    column = endpoint.key
    if endpoint.completer is not None:
        endpoint.completer.strip(instances, keep=column)
    if not column:
        return [""] * len(instances)
    if endpoint.key_is_input:
        return [_text(instance.get(column)) for instance in instances]
    return [_text(instance.pop(column, None)) for instance in instances]


def _text(value: Any) -> str:
    return "" if value is None else str(value)
