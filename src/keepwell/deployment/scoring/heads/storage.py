"""Parts of a head that are too large for JSON: files of the bundle, arrays without pickles."""

import io
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def keep(files: MutableMapping[str, bytes], name: str, data: bytes) -> str:
    """Put a file beside the others, and return the name that it got there."""
    stem, dot, ending = name.partition(".")
    taken, number = name, 2
    while taken in files:
        taken, number = f"{stem}-{number}{dot}{ending}", number + 1
    files[taken] = data
    return taken


def keep_arrays(files: MutableMapping[str, bytes], name: str, **arrays: "NDArray[Any]") -> str:
    """Put arrays into one file, and return the name that it got."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return keep(files, name, buffer.getvalue())


def arrays_of(data: bytes) -> "dict[str, NDArray[Any]]":
    """Return the arrays of a file."""
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        return dict(stored)
