"""Hands what a program has logged to the workspace beside it, or to one behind an address.

An entry is `{"endpoint": …, "prediction": {…}}`, as HTTP has it, or `{"endpoint": …, "outcome": {…}}`; a step
of a trace is `{"endpoint": "", "span": {…}}`, and what is thought of one `{"endpoint": "", "score": {…}}`.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from keepwell.core.errors import (
    ConflictError,
    InvalidDataError,
    KeepwellError,
    NotFoundError,
    UnavailableError,
)
from keepwell.monitoring.elsewhere import Delivered

if TYPE_CHECKING:
    from keepwell.deployment.endpoints import Endpoints
    from keepwell.monitoring.elsewhere import Elsewhere
    from keepwell.monitoring.feedback import Feedback
    from keepwell.monitoring.traces import TraceStore

CALLER = "monitor.log"
SECONDS = 10.0
_UNWANTED = {400, 404, 409, 413, 422}
"""What another attempt would be answered with again."""

_PATHS = {
    "prediction": "/api/v1/endpoints/{name}/predictions?partial=true",
    "outcome": "/endpoints/{name}/feedback",
    "span": "/api/v1/traces?partial=true",
    "score": "/api/v1/traces/scores?partial=true",
}
"""Where entries of each kind are posted."""

_OF_TRACES = ("span", "score")

Deliver = Callable[[str, Sequence[dict[str, Any]]], Delivered]


def deliver_here(
    endpoints: "Endpoints",
    elsewhere: "Elsewhere",
    feedback: "Feedback",
    traces: "Callable[[], TraceStore]",
) -> Deliver:
    """Return what keeps entries in this workspace."""

    def deliver(endpoint: str, entries: Sequence[dict[str, Any]]) -> Delivered:
        total = Delivered()
        for kind, items in _runs(entries):
            if kind in _OF_TRACES:
                total += _traced(traces(), kind, items)
                continue
            try:
                found = endpoints.read(endpoint)
                if kind == "prediction":
                    taken = elsewhere.take(found, items, caller=CALLER, partial=True)
                    total += Delivered(
                        delivered=taken.accepted + taken.duplicate,
                        refused=len(taken.rejected),
                        reason=taken.rejected[-1].why if taken.rejected else "",
                    )
                else:
                    total += _told(items, vars_of(feedback.record(endpoint, items)))
            except (NotFoundError, ConflictError, InvalidDataError) as error:
                total += Delivered(refused=len(items), reason=error.what)
        return total

    return deliver


def deliver_there(url: str, token: str) -> Deliver:
    """Return what posts entries to a workspace behind an address."""

    def deliver(endpoint: str, entries: Sequence[dict[str, Any]]) -> Delivered:
        total, name = Delivered(), quote(endpoint, safe="")
        for kind, items in _runs(entries):
            path = _PATHS[kind].format(name=name)
            try:
                said = _post(f"{url}{path}", {f"{kind}s": items}, token)
            except KeepwellError as error:
                if error.details.get("status") not in _UNWANTED:
                    raise
                total += Delivered(refused=len(items), reason=error.what)
                continue
            if kind != "outcome":
                rejected = said.get("rejected") or []
                total += Delivered(
                    delivered=said["accepted"] + said["duplicate"],
                    refused=len(rejected),
                    reason=rejected[-1]["why"] if rejected else "",
                )
            else:
                total += _told(items, said)
        return total

    return deliver


def vars_of(counts: Any) -> dict[str, int]:
    """Return counts of feedback by name."""
    return {name: getattr(counts, name) for name in ("accepted", "duplicate", "unknown")}


def _told(items: Sequence[Any], counts: dict[str, int]) -> Delivered:
    unknown = counts["unknown"]
    return Delivered(
        delivered=len(items) - unknown,
        refused=unknown,
        reason=f"{unknown} outcomes belong to no prediction of the log" if unknown else "",
    )


def _runs(entries: Sequence[dict[str, Any]]) -> Iterator[tuple[str, list[Any]]]:
    """Yield neighbours of one kind: an outcome must not overtake its prediction."""
    for kind, group in groupby(entries, key=_kind_of):
        yield kind, [entry[kind] for entry in group]


def _kind_of(entry: dict[str, Any]) -> str:
    return next((kind for kind in _PATHS if kind in entry), "outcome")


def _traced(store: "TraceStore", kind: str, items: Sequence[Any]) -> Delivered:
    """Keep steps, or scores."""
    if kind == "span":
        taken = store.take(items, caller=CALLER, partial=True)
        return Delivered(
            delivered=taken.accepted + taken.duplicate,
            refused=len(taken.rejected),
            reason=taken.rejected[-1].why if taken.rejected else "",
        )
    total = Delivered()
    for item in items:
        try:
            store.score(item, source="api", by=CALLER)
            total += Delivered(delivered=1)
        except (NotFoundError, InvalidDataError) as error:
            total += Delivered(refused=1, reason=error.what)
    return total


def _post(url: str, body: dict[str, Any], token: str) -> dict[str, Any]:
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    data = json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers)  # noqa: S310 (http(s) by `kw.monitor.to`)
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            said: dict[str, Any] = json.load(answer)
            return said
    except urllib.error.HTTPError as error:
        try:
            refusal = json.loads(error.read())
            what = (
                f"{refusal['what']} ({refusal['why']})" if refusal.get("why") else refusal["what"]
            )
        except (ValueError, KeyError, TypeError):
            what = f"{url} answered {error.code}"
        raise UnavailableError(what, details={"status": error.code}) from error
    except (OSError, ValueError) as error:
        raise UnavailableError(
            f"{url} cannot be reached",
            why=str(error),
            now="what was logged waits, and is sent when it can be",
        ) from error
