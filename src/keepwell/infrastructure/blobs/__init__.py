"""Bytes named by their digest: artifacts, bundles, profiles, plots.

    blobs = open_blobs(".keepwell/blobs")      # or s3://bucket/prefix, memory://name
    digest = blobs.write(b"...")
    blobs.read(digest)

fsspec is loaded when a store is opened.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keepwell.infrastructure.blobs.store import FsspecBlobStore

__all__ = ["open_blobs"]


def open_blobs(url: str) -> "FsspecBlobStore":
    """Return the store at a path or an fsspec URL; folders on the way are made.

    Raises:
        UsageError: If the URL's scheme is not one that fsspec knows.
        MissingExtraError: If its file system needs a package that is not installed.
    """
    from keepwell.infrastructure.blobs.store import FsspecBlobStore

    return FsspecBlobStore(url)
