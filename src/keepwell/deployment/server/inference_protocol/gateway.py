"""The gRPC gateway: a process of its own that hands each call to the workers' HTTP door.

`python -m keepwell.deployment.server.inference_protocol.gateway`, started by the supervisor process where
the project sets `serve.grpc_port`. The workers know nothing of gRPC: what comes through here is
answered and logged by the same door as what comes over HTTP.
"""

import argparse
import http.client
import json
import os
import signal
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import grpc

from keepwell.core.errors import KeepwellError
from keepwell.deployment.server.inference_protocol.descriptors import SERVICE, message
from keepwell.deployment.server.inference_protocol.reading import HEADER_LENGTH
from keepwell.deployment.server.inference_protocol.translation import infer_response, request_body
from keepwell.deployment.server.requests import MAX_BODY

THREADS = 32
DRAIN_SECONDS = 10.0
_TIMEOUT = 60.0
_HANDED_ON = ("authorization", "x-api-key", "x-request-id", "traceparent", "tracestate")
_LENGTH = HEADER_LENGTH.decode()
_OK = 200
_CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    422: grpc.StatusCode.INVALID_ARGUMENT,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    501: grpc.StatusCode.UNIMPLEMENTED,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the workers said."""

    status: int
    body: bytes
    json_length: int

    @property
    def document(self) -> Any:
        """The JSON of it."""
        return json.loads(self.body)


class Workers:
    """The workers' HTTP door, over a connection a thread.

    Args:
        host: Where they listen.
        port: On which port.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._local = threading.local()

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request.

        Raises:
            OSError: If nobody answers.
            http.client.HTTPException: If what answers is no HTTP.
        """
        line = getattr(self._local, "line", None)
        if line is not None and _is_closed(line):  # a worker lets go of what is idle, or has ended
            line.close()
            line = None
        if line is None:
            line = http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT)
            self._local.line = line
        try:
            line.request(method, path, body or None, dict(headers or {}))
            response = line.getresponse()
            data = response.read()
        except BaseException:
            line.close()
            self._local.line = None
            raise
        told = response.getheader(_LENGTH, "")
        length = int(told) if told.isdigit() else len(data)
        return Answer(status=response.status, body=data, json_length=length)


class Service:
    """The calls of the protocol.

    Args:
        workers: Answer them.
    """

    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    def handlers(self) -> Any:
        """Return what gRPC finds the calls by."""
        calls: dict[str, Callable[[Any, Any], Any]] = {
            "ServerLive": self.server_live,
            "ServerReady": self.server_ready,
            "ServerMetadata": self.server_metadata,
            "ModelReady": self.model_ready,
            "ModelMetadata": self.model_metadata,
            "ModelInfer": self.model_infer,
        }
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                name: grpc.unary_unary_rpc_method_handler(
                    call,
                    request_deserializer=message(f"{name}Request").FromString,
                    response_serializer=message(f"{name}Response").SerializeToString,
                )
                for name, call in calls.items()
            },
        )

    def server_live(self, asked: Any, context: Any) -> Any:
        """Say that we are here."""
        return message("ServerLiveResponse")(live=True)

    def server_ready(self, asked: Any, context: Any) -> Any:
        """Say whether some model can answer."""
        return message("ServerReadyResponse")(ready=self._is_ok("/v2/health/ready", context))

    def server_metadata(self, asked: Any, context: Any) -> Any:
        """Say who we are."""
        return message("ServerMetadataResponse")(**self._get("/v2", context))

    def model_ready(self, asked: Any, context: Any) -> Any:
        """Say whether a model can answer."""
        path = f"{_path(asked.name, asked.version)}/ready"
        return message("ModelReadyResponse")(ready=self._is_ok(path, context))

    def model_metadata(self, asked: Any, context: Any) -> Any:
        """Describe a model's tensors."""
        document = self._get(_path(asked.name, asked.version), context)
        for tensor in (*document["inputs"], *document["outputs"]):
            tensor.pop("parameters", None)  # gRPC has no place for them
        return message("ModelMetadataResponse")(**document)

    def model_infer(self, asked: Any, context: Any) -> Any:
        """Predict."""
        try:
            body, length = request_body(asked)
        except KeepwellError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
            raise  # never reached: abort raises
        path = f"{_path(asked.model_name, asked.model_version)}/infer"
        answer = self._ask(context, "POST", path, body, {_LENGTH: str(length)})
        if answer.status != _OK:
            _refuse(context, answer)
        return infer_response(answer.body, answer.json_length)

    def _is_ok(self, path: str, context: Any) -> bool:
        return self._ask(context, "GET", path).status == _OK

    def _get(self, path: str, context: Any) -> Any:
        answer = self._ask(context, "GET", path)
        if answer.status != _OK:
            _refuse(context, answer)
        return answer.document

    def _ask(
        self,
        context: Any,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        handed_on = {
            name: value for name, value in context.invocation_metadata() if name in _HANDED_ON
        }
        try:
            return self._workers.ask(method, path, body, {**handed_on, **(headers or {})})
        except (OSError, http.client.HTTPException) as error:
            context.abort(
                grpc.StatusCode.UNAVAILABLE,
                f"no worker answers at present\n{type(error).__name__}: {error}\n"
                "try again in a second; if it stays so, run `keepwell up`",
            )
            raise  # never reached: abort raises


def _path(name: str, version: str) -> str:
    path = f"/v2/models/{quote(name, safe='')}"
    return f"{path}/versions/{quote(version, safe='')}" if version else path


def _refuse(context: Any, answer: Answer) -> None:
    try:
        said = str(answer.document["error"])
    except (ValueError, TypeError, KeyError):
        said = f"the worker answered {answer.status}"
    context.abort(_CODES.get(answer.status, grpc.StatusCode.INTERNAL), said)


def _is_closed(line: http.client.HTTPConnection) -> bool:
    """Tell whether the other end has hung up while nothing was asked."""
    import select

    return line.sock is None or bool(select.select([line.sock], [], [], 0)[0])


def start(address: str, workers: Workers) -> Any:
    """Return a server that answers on `host:port`.

    Raises:
        RuntimeError: If the port cannot be had.
    """
    server = grpc.server(
        ThreadPoolExecutor(THREADS, thread_name_prefix="grpc"),
        options=[
            ("grpc.max_receive_message_length", MAX_BODY),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", 0),
        ],
    )
    server.add_generic_rpc_handlers((Service(workers).handlers(),))
    server.add_insecure_port(address)
    server.start()
    return server


def main() -> None:
    """Serve until told to stop, or until the supervisor process is gone."""
    parser = argparse.ArgumentParser(description="The gRPC gateway; started by the supervisor.")
    parser.add_argument("--listen", required=True)
    parser.add_argument("--workers", required=True)
    parser.add_argument("--lifeline", type=int, required=True)
    given = parser.parse_args()
    host, _, port = given.workers.rpartition(":")
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())

    def watch() -> None:
        os.read(given.lifeline, 1)
        stopping.set()

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
    server = start(given.listen, Workers(host.strip("[]"), int(port)))
    stopping.wait()
    server.stop(DRAIN_SECONDS).wait()


if __name__ == "__main__":
    main()
