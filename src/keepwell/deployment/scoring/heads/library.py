"""LightGBM's own library, called without its Python package (which would load scikit-learn and SciPy)."""

import ctypes
import importlib.util
import struct
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keepwell.core.errors import FormatError, PluginError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FLOAT64 = 1  # C_API_DTYPE_FLOAT64
_NORMAL = 0  # C_API_PREDICT_NORMAL
_RAW = 1  # C_API_PREDICT_RAW_SCORE
_LEAF = 2  # C_API_PREDICT_LEAF_INDEX
_CONTRIBUTIONS = 3  # C_API_PREDICT_CONTRIB
_ROW_MAJOR = 1
_NAMES = ("lib_lightgbm.so", "lib_lightgbm.dylib")


class Booster:
    """A LightGBM model in the library's memory. Safe for several threads.

    Args:
        text: The model, in LightGBM's own text format.
        features: Number of columns that it takes.
        leaves: Answer with the number of each tree's leaf instead.

    Raises:
        FormatError: If the library cannot read the text.
    """

    def __init__(self, text: bytes, features: int, *, leaves: bool = False) -> None:
        self._library = _library()
        self._handle = ctypes.c_void_p()
        self._fast = ctypes.c_void_p()
        iterations = ctypes.c_int()
        self._check(
            self._library.LGBM_BoosterLoadModelFromString(
                ctypes.c_char_p(text), ctypes.byref(iterations), ctypes.byref(self._handle)
            )
        )
        outputs, width = ctypes.c_int(), ctypes.c_int()
        count = self._library.LGBM_BoosterGetNumClasses
        if leaves:
            count = self._library.LGBM_BoosterNumberOfTotalModel
        self._check(count(self._handle, ctypes.byref(outputs)))
        self._check(self._library.LGBM_BoosterGetNumFeature(self._handle, ctypes.byref(width)))
        if width.value != features:  # the library would read beyond the row
            raise FormatError(
                f"the booster takes {width.value} columns, the scorer gives {features}",
                why="the files of this model version do not belong together",
                now="train again",
            )
        self.outputs = outputs.value
        self._features = features
        self._kind = _LEAF if leaves else _NORMAL
        self._check(
            self._library.LGBM_BoosterPredictForMatSingleRowFastInit(
                self._handle,
                ctypes.c_int(self._kind),
                ctypes.c_int(0),
                ctypes.c_int(-1),
                ctypes.c_int(_FLOAT64),
                ctypes.c_int32(features),
                ctypes.c_char_p(b"num_threads=1"),
                ctypes.byref(self._fast),
            )
        )
        self._pack = struct.Struct(f"{features}d").pack_into
        # Without letting go of the interpreter: a row takes less time than to get it back.
        self._predict_row = _held_library().LGBM_BoosterPredictForMatSingleRowFast
        self._desks: list[_Desk] = []

    def row(self, features: Sequence[float]) -> list[float]:
        """Return the model's outputs for one row."""
        return self._ask(features)

    def array(self, features: Sequence[float]) -> "NDArray[np.float64]":
        """Return the model's outputs for one row, as an array."""
        return np.array(self._ask(features))

    def _ask(self, features: Sequence[float]) -> list[float]:
        try:  # taking one off a list is a single step for all threads: no two sit at the same desk
            desk = self._desks.pop()
        except IndexError:
            desk = _Desk(self._features, self.outputs)
        self._pack(desk.features, 0, *features)
        status = self._predict_row(self._fast, *desk.addresses)
        if status:
            self._check(status)
        answer = desk.answer[:]
        self._desks.append(desk)
        return answer

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Return one row of outputs per row."""
        return self._predict(features, self._kind, self.outputs)

    def raw(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Return one row of outputs per row, before they are made into probabilities."""
        return self._predict(features, _RAW, self.outputs, b"num_threads=1")

    def contributions(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Return by row and output the exact Shapley value of each feature, and last the base value."""
        width = self._features + 1
        values = self._predict(features, _CONTRIBUTIONS, self.outputs * width, b"num_threads=1")
        return values.reshape(len(values), self.outputs, width)

    def _predict(
        self, features: "NDArray[np.float64]", kind: int, width: int, settings: bytes = b""
    ) -> "NDArray[np.float64]":
        matrix = np.ascontiguousarray(features, dtype=np.float64)
        answer = np.empty((len(matrix), width))
        if len(matrix):
            length = ctypes.c_int64()
            self._check(
                self._library.LGBM_BoosterPredictForMat(
                    self._handle,
                    ctypes.c_void_p(matrix.ctypes.data),
                    ctypes.c_int(_FLOAT64),
                    ctypes.c_int32(matrix.shape[0]),
                    ctypes.c_int32(matrix.shape[1]),
                    ctypes.c_int(_ROW_MAJOR),
                    ctypes.c_int(kind),
                    ctypes.c_int(0),
                    ctypes.c_int(-1),
                    ctypes.c_char_p(settings),
                    ctypes.byref(length),
                    ctypes.c_void_p(answer.ctypes.data),
                )
            )
        return answer

    def __del__(self) -> None:
        if getattr(self, "_fast", None):
            self._library.LGBM_FastConfigFree(self._fast)
        if getattr(self, "_handle", None):
            self._library.LGBM_BoosterFree(self._handle)

    def _check(self, status: int) -> None:
        if status:
            message = self._library.LGBM_GetLastError().decode(errors="replace")
            raise FormatError("LightGBM cannot use this model", why=message, now="train again")


class _Desk:
    """Memory for one row in and one answer out, used again and again."""

    __slots__ = ("_length", "addresses", "answer", "features")

    def __init__(self, features: int, outputs: int) -> None:
        self.features = (ctypes.c_double * features)()
        self.answer = (ctypes.c_double * outputs)()
        self._length = ctypes.c_int64()
        parts = (self.features, self._length, self.answer)
        self.addresses = tuple(ctypes.c_void_p(ctypes.addressof(part)) for part in parts)


@cache
def _held_library() -> ctypes.PyDLL:
    return ctypes.PyDLL(_library()._name)


@cache
def _library() -> ctypes.CDLL:
    spec = importlib.util.find_spec("lightgbm")  # looks it up, does not import it
    folder = Path(spec.origin).parent if spec is not None and spec.origin else None
    places = (
        [place / name for place in (folder, folder / "lib") for name in _NAMES] if folder else []
    )
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise PluginError(
            "LightGBM's library is not installed",
            why="this model was trained with LightGBM",
            now="pip install lightgbm",
        )
    library = ctypes.CDLL(str(path))
    library.LGBM_GetLastError.restype = ctypes.c_char_p
    library.LGBM_RegisterLogCallback(_silence)
    library.LGBM_BoosterFree.argtypes = [ctypes.c_void_p]
    library.LGBM_FastConfigFree.argtypes = [ctypes.c_void_p]
    return library


# Keeps LightGBM's chatter off the standard output; what matters comes back as a status.
_silence = ctypes.CFUNCTYPE(None, ctypes.c_char_p)(lambda message: None)
