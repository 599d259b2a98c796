"""XGBoost's own library, called without its Python package (which would load scikit-learn and SciPy)."""

import ctypes
import importlib.util
import json
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keepwell.core.errors import FormatError, MissingExtraError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NAMES = ("libxgboost.so", "libxgboost.dylib")


class Booster:
    """An XGBoost model in the library's memory. Safe for several threads.

    Args:
        model: In XGBoost's binary JSON.
        features: Number of columns that it takes.
        rounds: How many rounds of trees answer; 0 for all.
        missing: The number that stands for a missing one; None for NaN.

    Raises:
        MissingExtraError: If XGBoost is not installed.
        FormatError: If the library cannot read the model.
    """

    def __init__(self, model: bytes, features: int, *, rounds: int, missing: float | None) -> None:
        if not model.startswith(b"{"):  # which the library would answer by ending the process
            raise FormatError(
                "XGBoost cannot use this model", why="it is not binary JSON", now="train again"
            )
        self._library = _library()
        self._handle = ctypes.c_void_p()
        self._check(self._library.XGBoosterCreate(None, 0, ctypes.byref(self._handle)))
        self._check(
            self._library.XGBoosterLoadModelFromBuffer(
                self._handle, ctypes.c_char_p(model), ctypes.c_uint64(len(model))
            )
        )
        self._check(self._library.XGBoosterSetParam(self._handle, b"nthread", b"1"))
        width = ctypes.c_uint64()
        self._check(self._library.XGBoosterGetNumFeature(self._handle, ctypes.byref(width)))
        if width.value != features:
            raise FormatError(
                f"the booster takes {width.value} columns, the scorer gives {features}",
                why="the files of this model version do not belong together",
                now="train again",
            )
        self._features = features
        self._settings = json.dumps(
            {
                "type": 0,
                "training": False,
                "iteration_begin": 0,
                "iteration_end": rounds,
                "strict_shape": True,
                "missing": float("nan") if missing is None else missing,
                "cache_id": 0,
            }
        ).encode()
        self._own = threading.local()

    def row(self, features: list[float]) -> "NDArray[np.float32]":
        """Return the model's outputs for one row, as a matrix of one row."""
        own = self._own
        try:
            buffer, described = own.buffer, own.described
        except AttributeError:
            buffer = own.buffer = np.empty((1, self._features))
            described = own.described = _described(buffer)
        buffer[0] = features
        return self._predict(described)

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float32]":
        """Return one row of outputs per row."""
        if not len(features):
            return self.row([0.0] * self._features)[:0]
        matrix = np.ascontiguousarray(features, dtype=np.float64)
        return self._predict(_described(matrix))

    def _predict(self, described: bytes) -> "NDArray[np.float32]":
        shape, dimensions = ctypes.POINTER(ctypes.c_uint64)(), ctypes.c_uint64()
        result = ctypes.POINTER(ctypes.c_float)()
        status = self._library.XGBoosterPredictFromDense(
            self._handle,
            described,
            self._settings,
            None,
            ctypes.byref(shape),
            ctypes.byref(dimensions),
            ctypes.byref(result),
        )
        if status:
            self._check(status)
        rows, outputs = shape[0], shape[1]  # the memory is the library's, until the next call
        return np.ctypeslib.as_array(result, shape=(rows, outputs)).copy()

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self._library.XGBoosterFree(self._handle)

    def _check(self, status: int) -> None:
        if status:
            message = self._library.XGBGetLastError().decode(errors="replace")
            raise FormatError(
                "XGBoost cannot use this model",
                why=message.partition(": ")[2].partition("\n")[0],
                now="train again",
            )


def _described(matrix: "NDArray[np.float64]") -> bytes:
    interface = {
        "data": (matrix.ctypes.data, True),
        "shape": matrix.shape,
        "typestr": "<f8",
        "version": 3,
    }
    return json.dumps(interface).encode()


@cache
def _library() -> ctypes.CDLL:
    spec = importlib.util.find_spec("xgboost")  # looks it up, does not import it
    folder = Path(spec.origin).parent / "lib" if spec is not None and spec.origin else None
    path = next((folder / name for name in _NAMES if folder and (folder / name).is_file()), None)
    if path is None:
        raise MissingExtraError("a model trained with XGBoost", extra="boost")
    library = ctypes.CDLL(str(path))
    library.XGBGetLastError.restype = ctypes.c_char_p
    library.XGBoosterPredictFromDense.argtypes = [
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_char_p,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_void_p,
    ]
    library.XGBoosterFree.argtypes = [ctypes.c_void_p]
    return library
