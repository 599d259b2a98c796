"""A model in onnxruntime, as one worker uses it: one thread, from memory, nothing else from the disk."""

from typing import Any

from keepwell.core.errors import InvalidDataError, MissingExtraError

_NO_FOLDER = "/nonexistent"
_FATAL = 4


def open_session(data: bytes) -> Any:
    """Return an `onnxruntime.InferenceSession` of a model's bytes.

    Workers are processes, one a core: a pool of threads in each would only have them wait for each other.

    Raises:
        MissingExtraError: If onnxruntime is not installed.
        InvalidDataError: If it cannot run the model; says why.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError("running an ONNX model", extra="onnx") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = _FATAL
    # A reference to data outside the model must find nothing, whatever lies in the present folder.
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", _NO_FOLDER
    )
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions share no base class of their own
        raise InvalidDataError(
            "onnxruntime cannot run the model",
            why=_first_line(error),
            now="check the file with onnx.checker, or export it for an older opset",
        ) from error


def _first_line(error: Exception) -> str:
    words = str(error).strip().splitlines()
    return words[0][:300] if words else type(error).__name__
