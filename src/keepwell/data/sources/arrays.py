"""Arrays of NumPy as rows: an array of pictures becomes a column of PNG files, one of labels a column.

| in the file | in the row |
|---|---|
| `[n, height, width]`, `[n, height, width, 1, 3 or 4]`, `[n, 1 or 3, height, width]` | a picture |
| `[n]`, `[n, 1]` | a number, a truth value or a text |

`x_train`, `y_train`, `x_test`, `y_test` are two parts of the rows of `x` and `y`.
"""

import base64
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.core.errors import InvalidDataError, MissingExtraError
from keepwell.data.sources.made import MadeFile

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PART = re.compile(r"(.+)_(train|test|val|valid|validation)")
_AT_ONCE = 256
_COLOURS = (1, 3, 4)
_FLAT, _GREY, _COLOURED = 1, 3, 4  # dimensions
_BYTE = 255


def open_arrays(path: Path) -> MadeFile:
    """Return the rows of an `.npz` or `.npy` file.

    Raises:
        InvalidDataError: If it holds no arrays of pictures or columns, of one length.
        NotFoundError: If it is gone.
    """
    columns = _columns(path)
    lengths = {name: sum(len(part) for part in parts) for name, parts in columns.items()}
    if len(set(lengths.values())) > 1:
        raise InvalidDataError(
            f"the arrays in {path} are of different lengths",
            why=", ".join(f"{name}: {length:,}" for name, length in lengths.items()),
            now="save arrays with one entry a row: np.savez(file, image=…, label=…)",
        )
    kinds = {name: _kind(path, name, parts) for name, parts in columns.items()}
    schema = pa.schema(list(kinds.items()))
    return MadeFile(path, schema, lambda: _batches(columns, schema))


def _columns(path: Path) -> "dict[str, list[NDArray[Any]]]":
    """Return the parts of each column."""
    try:
        loaded: Any = np.load(path, allow_pickle=False)
        arrays: Mapping[str, Any] = (
            {"image": loaded} if isinstance(loaded, np.ndarray) else dict(loaded)
        )
    except FileNotFoundError:
        from keepwell.data.fingerprint import vanished

        raise vanished(path) from None
    except (OSError, ValueError, EOFError) as error:
        raise InvalidDataError(
            f"{path} cannot be read as arrays",
            why=str(error)[:200],
            now="write it again with np.savez(file, image=…, label=…); arrays of Python objects are not read",
        ) from error
    named = {name: array for name, array in arrays.items() if array.ndim}
    if not named or not all(len(array) for array in named.values()):
        raise InvalidDataError(
            f"{path} holds no rows",
            why="its arrays are empty" if named else "there is no array in it",
            now="save arrays with one entry a row: np.savez(file, image=…, label=…)",
        )
    parts = {name: _PART.fullmatch(name) for name in named}
    if not all(parts.values()):
        return {name: [array] for name, array in named.items()}
    columns: dict[str, list[NDArray[Any]]] = {}
    for name, found in parts.items():
        if found is not None:
            columns.setdefault(found[1], []).append(named[name])
    return columns


def _kind(path: Path, name: str, parts: "list[NDArray[Any]]") -> pa.DataType:
    shapes = {part.shape[1:] for part in parts}
    first = parts[0]
    if first.ndim == _FLAT or first.shape[1:] == (1,):
        kinds = {"b": pa.bool_(), "i": pa.int64(), "u": pa.int64(), "f": pa.float64()}
        return kinds.get(first.dtype.kind, pa.string())
    wrong = len(shapes) > 1 or first.dtype.kind not in "buif"
    if wrong or not (first.ndim == _GREY or (first.ndim == _COLOURED and _last(first) is not None)):
        raise InvalidDataError(
            f"the array '{name}' in {path} is neither pictures nor a column",
            why=f"its shape is {' by '.join(f'{size:,}' for size in first.shape)}",
            now="pictures are [n, height, width] or [n, height, width, 3]; a column is [n]",
        )
    return pa.string()


def _last(array: "NDArray[Any]") -> bool | None:
    """Tell whether colours come last; None if there are none."""
    if array.shape[-1] in _COLOURS:
        return True
    return False if array.shape[1] in _COLOURS else None


def _batches(
    columns: "Mapping[str, list[NDArray[Any]]]", schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    scales = {name: _scale(parts) for name, parts in columns.items()}
    for at in range(len(next(iter(columns.values())))):
        rows = len(next(iter(columns.values()))[at])
        for start in range(0, rows, _AT_ONCE):
            cells = [
                _cells(columns[field.name][at][start : start + _AT_ONCE], scales[field.name])
                for field in schema
            ]
            typed = [
                pa.array(cell, type=field.type) for cell, field in zip(cells, schema, strict=True)
            ]
            yield pa.RecordBatch.from_arrays(typed, schema=schema)


def _scale(parts: "list[NDArray[Any]]") -> float:
    """Return what numbers are multiplied by to be bytes: those of 0 to 1 are shares."""
    if parts[0].dtype.kind == "b":
        return _BYTE
    shares = parts[0].dtype.kind == "f" and max(float(np.nanmax(part)) for part in parts) <= 1
    return _BYTE if shares else 1.0


def _cells(part: "NDArray[Any]", scale: float) -> list[Any]:
    if part.ndim == _FLAT or part.shape[1:] == (1,):
        flat = part.reshape(len(part))
        return flat.tolist() if flat.dtype.kind in "buif" else [str(value) for value in flat]
    if part.ndim == _COLOURED and not _last(part):
        part = part.transpose(0, 2, 3, 1)
    values = np.clip(np.nan_to_num(part.astype(np.float64)) * scale, 0, _BYTE).round()
    return [_png(picture) for picture in values.astype(np.uint8)]


def _png(pixels: "NDArray[np.uint8]") -> str:
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtraError("an array of pictures", extra="images") from error
    plain = pixels[:, :, 0] if pixels.ndim == _GREY and pixels.shape[2] == 1 else pixels
    file = io.BytesIO()
    Image.fromarray(plain).save(file, "PNG", compress_level=1)
    return base64.b64encode(file.getvalue()).decode()
