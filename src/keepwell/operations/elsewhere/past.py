"""The history of a reference in pieces: what its windows differed by is learnt without its rows."""

from collections.abc import Collection
from dataclasses import dataclass

import msgspec
import pyarrow as pa

from keepwell.core.errors import FormatError
from keepwell.core.ports import BlobStore
from keepwell.core.records import ColumnType, ModelVersion, Profile, Signature
from keepwell.monitoring.detectors.noise import Past, cut
from keepwell.monitoring.inputs import as_logged
from keepwell.monitoring.sketches import Layout

PAST_FILE = "past.msgpack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the file holds: the accumulators of equal stretches, of these columns in this order."""

    rows: int
    columns: tuple[str, ...]
    pieces: tuple[bytes, ...]


def pack_past(
    rows: pa.Table, signature: Signature, profile: Profile, without: Collection[str] = ()
) -> bytes | None:
    """Return the file for rows in the order of time; None if they are too few."""
    history = {
        item.name: as_logged(rows[item.name], item.type)
        for item in signature.inputs
        if item.type is not ColumnType.EMBEDDING and item.name not in without
    }
    past = cut(history, profile)
    if past is None:
        return None
    names = tuple(one.name for one in profile.columns if one.name in history)
    pieces = tuple(piece.to_bytes() for piece in past.pieces)
    return msgspec.msgpack.encode(Stored(rows=past.rows, columns=names, pieces=pieces))


def read_past(blobs: BlobStore, version: ModelVersion, profile: Profile) -> Past:
    """Return the history that a version was registered with.

    Raises:
        NotFoundError: If it has none.
        FormatError: If it is that of another profile.
    """
    from keepwell.tracking.bundles import unpack

    stored = msgspec.msgpack.decode(unpack(blobs, version.bundle, PAST_FILE), type=Stored)
    layout = Layout([one for one in profile.columns if one.name in stored.columns])
    pieces = [layout.read(piece) for piece in stored.pieces]
    whole = [piece for piece in pieces if piece is not None]
    if len(whole) < len(pieces):
        raise FormatError(
            f"the history of {version.key} cannot be read",
            why="it was counted for another profile",
            now="register the model again",
        )
    return Past(rows=stored.rows, layout=layout, pieces=whole)
