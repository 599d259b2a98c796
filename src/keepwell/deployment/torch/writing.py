"""A module as bytes: ONNX, or TorchScript."""

import io
import json
import re
from collections.abc import Sequence
from typing import Any

from keepwell.core.errors import MissingExtraError
from keepwell.core.records import Signature
from keepwell.deployment.torch.model import ARGUMENTS
from keepwell.features.networks.writing import quiet, torch_library


class NotWrittenError(Exception):
    """The module has no such form; the message says why."""


def module_to_onnx(
    module: Any, signature: Signature, arguments: Sequence[str], given: Sequence[Any]
) -> bytes:
    """Return a module at rest as an ONNX model of any number of rows.

    Raises:
        NotWrittenError: If PyTorch cannot write it, as where its control flow depends on values.
        MissingExtraError: If onnxscript, which PyTorch writes ONNX with, is not installed.
    """
    torch = torch_library()
    try:
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("writing a PyTorch module as ONNX", extra="torch") from error
    rows = torch.export.Dim("rows", min=1)
    with quiet():
        try:
            program = torch.onnx.export(
                module,
                tuple(given),
                dynamo=True,
                input_names=list(arguments) or ["rows"],
                dynamic_shapes=tuple({0: rows} for _ in given),
                verbose=False,
            )
            data: bytes = program.model_proto.SerializeToString(deterministic=True)
        except Exception as error:  # each of its stages has errors of its own
            raise NotWrittenError(_first_line(error)) from error
    return data


def module_to_script(module: Any, arguments: Sequence[str], given: Sequence[Any]) -> bytes:
    """Return a module at rest as a TorchScript archive.

    Raises:
        NotWrittenError: If it uses Python that TorchScript does not know.
    """
    torch = torch_library()
    buffer = io.BytesIO()
    with quiet():
        try:
            program = torch.jit.script(module)
            program(*given)
            torch.jit.save(program, buffer, _extra_files={ARGUMENTS: json.dumps(list(arguments))})
        except Exception as error:  # whatever the module's code does when it is compiled and run
            raise NotWrittenError(_first_line(error)) from error
    return buffer.getvalue()


def _first_line(error: BaseException) -> str:
    """Return what is wrong, in a line: PyTorch wraps it in advice to those who work on PyTorch."""
    while error.__cause__ is not None:
        error = error.__cause__
    plain = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    words = [line.strip() for line in plain.splitlines() if line.strip()]
    return (words[0] if words else type(error).__name__)[:200]
