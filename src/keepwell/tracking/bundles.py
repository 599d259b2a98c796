"""The files of a model version, as blobs named by digest."""

from collections.abc import Mapping

from keepwell.core.errors import IntegrityError, NotFoundError
from keepwell.core.ports import BlobStore
from keepwell.core.records import Bundle, BundleFile
from keepwell.core.suggestions import did_you_mean


def pack(blobs: BlobStore, files: Mapping[str, bytes]) -> Bundle:
    """Store files and return the bundle that names them, in the order of their names.

    Equal bytes are stored once, so a bundle of a model that was trained twice alike costs nothing.
    """
    return Bundle(
        files=tuple(
            BundleFile(name=name, digest=blobs.write(data), size=len(data))
            for name, data in sorted(files.items())
        )
    )


def unpack(blobs: BlobStore, bundle: Bundle, name: str) -> bytes:
    """Return the bytes of one file, verified against the digest and size that the bundle names.

    Raises:
        NotFoundError: If the bundle has no such file.
        IntegrityError: If the stored bytes are not the ones that were packed.
    """
    file = bundle.file(name)
    if file is None:
        names = [item.name for item in bundle.files]
        raise NotFoundError(
            f"the bundle has no file '{name}'",
            why=f"it holds {', '.join(names) or 'nothing'}",
            now=did_you_mean(name, names),
        )
    data = blobs.read(file.digest)
    if len(data) != file.size:
        raise IntegrityError(
            f"'{name}' of the bundle is not what was packed",
            why=f"it has {len(data):,} bytes, packed were {file.size:,}",
            now="restore the blobs from a backup, or train again",
        )
    return data
