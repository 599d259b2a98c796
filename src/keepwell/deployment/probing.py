"""Asking the live endpoint who answers, because what was asked for and what is are two things."""

import http.client
import json
import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote, urlsplit

from keepwell.core.records import Endpoint, ModelVersion
from keepwell.deployment.example import example_of
from keepwell.deployment.routing import Split

Probe = Callable[[Endpoint, Sequence[str]], Mapping[str, int]]
"""Asks an endpoint once per key, and returns which version answered; 0 where none did."""

KEYS_PER_VERSION = 4
_TRIES = 5000
_TIMEOUT = 10.0
_WARM = re.compile(r"warm-(v\d+)-")
"""Keys that ask a version which is loaded, but has no share yet."""


class LiveProbe:
    """Sends real predictions, one new connection each, so that it meets every worker sooner or later.

    The rows are examples of the training data; the log names their caller `probe`.

    Args:
        url: Where the server is: `http://127.0.0.1:4400`.
        lookup: Gives a model's version: `Registry.get`.
        settle: Called before asking: publishes the routes and waits until the workers follow.
        token: Shown where nobody is answered without one.
    """

    def __init__(
        self,
        url: str,
        lookup: Callable[[str, int], ModelVersion],
        settle: Callable[[], object],
        *,
        token: str = "",
    ) -> None:
        self._token = token
        self._address = urlsplit(url).netloc
        self._lookup = lookup
        self._settle = settle

    def __call__(self, endpoint: Endpoint, keys: Sequence[str]) -> dict[str, int]:
        """Return the version that answered each key; 0 where none did."""
        self._settle()
        row: dict[str, object] = {}
        for route in endpoint.routes:  # whoever answers finds the columns that it takes
            row |= example_of(self._lookup(endpoint.model, route.version).signature)
        body = json.dumps({"instances": [row]})
        return {key: self._ask(endpoint.name, key, body) for key in keys}

    def _ask(self, name: str, key: str, body: str) -> int:
        line = http.client.HTTPConnection(self._address, timeout=_TIMEOUT)
        headers = {
            "content-type": "application/json",
            "x-request-id": key,
            "x-keepwell-probe": warm[1] if (warm := _WARM.match(key)) else "1",
            "connection": "close",
            **({"authorization": f"Bearer {self._token}"} if self._token else {}),
        }
        try:
            line.request("POST", f"/endpoints/{quote(name, safe='')}/predict", body, headers)
            answer = line.getresponse()
            said = (
                answer.getheader("x-model-version", "0")
                if answer.status == http.HTTPStatus.OK
                else "0"
            )
            return int(said)
        except (OSError, http.client.HTTPException, ValueError):
            return 0
        finally:
            line.close()


def disagreement(endpoint: Endpoint, probe: Probe) -> str:
    """Ask an endpoint and return how its answers differ from its routes; empty if they do not.

    The keys are chosen so that each version with a share is asked for several times; a challenger without
    one is asked by name, so it is known to answer before it gets traffic.
    """
    wanted = _keys(endpoint)
    answered = probe(endpoint, list(wanted))
    wrong = [
        f"{key}: v{answered[key]} in place of v{version}"
        if answered.get(key)
        else f"{key}: no answer in place of v{version}"
        for key, version in wanted.items()
        if answered.get(key, 0) != version
    ]
    if not wrong:
        return ""
    return (
        f"{len(wrong)} of {len(wanted)} probes were not answered as routed ({'; '.join(wrong[:4])})"
    )


def _keys(endpoint: Endpoint) -> dict[str, int]:
    """Return keys and the version that must answer each."""
    split = Split(endpoint.name, endpoint.routes)
    found: dict[int, list[str]] = {
        route.version: [] for route in endpoint.routes if route.weight > 0
    }
    for number in range(_TRIES):
        if all(len(keys) >= KEYS_PER_VERSION for keys in found.values()):
            break
        key = f"probe-{number}"
        keys = found[endpoint.routes[split.pick(key)].version]
        if len(keys) < KEYS_PER_VERSION:
            keys.append(key)
    asked = {key: version for version, keys in found.items() for key in keys}
    warm = [one.version for one in endpoint.routes if one.weight == 0 and one.role == "challenger"]
    for version in warm:
        asked |= {f"warm-v{version}-{number}": version for number in range(KEYS_PER_VERSION)}
    return asked
