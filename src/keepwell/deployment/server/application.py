"""The worker's front door: predictions here, everything else next door."""

from typing import Any

from keepwell.core.errors import UsageError
from keepwell.deployment.server.answers import send_error, send_json
from keepwell.deployment.server.prediction import Predictor
from keepwell.deployment.server.proxy import ControlAwayError, Proxy, send_away

_PREFIX, _SUFFIX = "/endpoints/", "/predict"


class Application:
    """The ASGI application of a worker.

    Args:
        predictor: Answers predictions.
        proxy: Passes the rest on.
    """

    def __init__(self, predictor: Predictor, proxy: Proxy) -> None:
        self._predictor = predictor
        self._proxy = proxy

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        name = _endpoint(path)
        if name is not None:
            if scope["method"] == "POST":
                await self._predictor.answer(name, scope, receive, send)
            else:
                await _refuse_method(send, scope["method"], path)
            return
        try:
            await self._proxy.pass_on(scope, receive, send)
        except ControlAwayError:
            await self._answer_alone(path, send)

    async def _answer_alone(self, path: str, send: Any) -> None:
        snapshot = self._predictor.snapshot
        if path == "/healthz":
            await send_json(send, 200, {"status": "ok", "control": "away"})
        elif path == "/readyz" and any(one.routes for one in snapshot.endpoints.values()):
            await send_json(send, 200, {"status": "ready", "control": "away"})
        else:
            await send_away(send)


def _endpoint(path: str) -> str | None:
    """Return the endpoint's name of `/endpoints/NAME/predict`, None for any other path."""
    if not (path.startswith(_PREFIX) and path.endswith(_SUFFIX)):
        return None
    name = path[len(_PREFIX) : -len(_SUFFIX)]
    return name if name and "/" not in name else None


async def _refuse_method(send: Any, method: str, path: str) -> None:
    error = UsageError(
        f"{method} {path} means nothing",
        why="predictions are asked for by POST, with the rows in the body",
        now=f"curl {path} -H 'content-type: application/json' -d '{{\"instances\": [{{…}}]}}'",
    )
    await send_error(send, error, [(b"allow", b"POST")], status=405)
