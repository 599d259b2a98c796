"""From tensors to the body of an inference response."""

import math
from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from keepwell.deployment.server.inference_protocol.reading import HEADER_LENGTH
from keepwell.deployment.server.inference_protocol.tensors import Tensor, write_binary
from keepwell.deployment.server.messages import Header, Response, json_response

_encode = msgspec.json.Encoder(enc_hook=str).encode
_BINARY = (b"content-type", b"application/octet-stream")


def inference_response(
    document: dict[str, Any],
    tensors: Sequence[Tensor],
    binary: Collection[str],
    headers: Sequence[Header],
) -> Response:
    """Return a response: `document` with the tensors as its outputs.

    Args:
        document: What else it says.
        tensors: The outputs.
        binary: Names of those that go behind the JSON.
        headers: Told with it.
    """
    outputs = []
    pieces: list[bytes] = []
    for tensor in tensors:
        said: dict[str, Any] = {
            "name": tensor.name,
            "datatype": tensor.datatype,
            "shape": list(tensor.shape),
        }
        if tensor.name in binary:
            piece = write_binary(tensor)
            said["parameters"] = {"binary_data_size": len(piece)}
            pieces.append(piece)
        else:
            said["data"] = [_jsonable(value) for value in tensor.values]
        outputs.append(said)
    document = {**document, "outputs": outputs}
    if not pieces:
        return json_response(200, document, headers)
    head = _encode(document)
    length = (HEADER_LENGTH, b"%d" % len(head))
    return Response(headers=(_BINARY, length, *headers), body=b"".join((head, *pieces)))


def _jsonable(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
