"""Files in a bucket: `s3://bucket/key`, through the client that Arrow brings along.

Credentials, region and endpoint are those of the usual variables: `AWS_ACCESS_KEY_ID`,
`AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION` (or `AWS_DEFAULT_REGION`), `AWS_ENDPOINT_URL_S3` or
`AWS_ENDPOINT_URL` for another server than Amazon's.
"""

import contextlib
import fnmatch
import os
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from keepwell.core.errors import NotFoundError, StorageError, UsageError
from keepwell.core.suggestions import did_you_mean

SCHEMES = ("s3",)
_GLOB = frozenset("*?[")
_COPY_BYTES = 8 << 20


def is_remote(location: str) -> bool:
    """Tell whether a location is in a bucket."""
    return location.partition("://")[0] in SCHEMES and "://" in location


class Bucket:
    """The files under one address. Safe for several threads.

    Args:
        location: `s3://bucket/key`, `s3://bucket/folder/` or a glob.

    Raises:
        UsageError: If it names no bucket.
    """

    def __init__(self, location: str) -> None:
        self.location = location
        self.scheme, _, rest = location.partition("://")
        self.path = rest.rstrip("/")
        if not self.path:
            raise UsageError(
                f"'{location}' names no bucket",
                why="an address in a bucket is s3://bucket/folder/file.parquet",
                now="write the bucket's name after s3://",
            )
        self.files = _filesystem()

    def kind(self) -> str:
        """Return `file`, `folder` or, where nothing is, an empty text."""
        from pyarrow.fs import FileType

        with reaching(self.location):
            found = self.files.get_file_info(self.path).type
        return {FileType.File: "file", FileType.Directory: "folder"}.get(found, "")

    def find(self) -> list[str]:
        """Return the paths that the address means, sorted: one, a folder's, or a glob's.

        Raises:
            NotFoundError: If there is none.
        """
        from pyarrow.fs import FileSelector, FileType

        with reaching(self.location):
            fixed = _fixed_part(self.path)
            if fixed == self.path and self.kind() == "file":
                return [self.path]
            selector = FileSelector(fixed, allow_not_found=True, recursive=True)
            names = [
                item.path
                for item in self.files.get_file_info(selector)
                if item.type == FileType.File and item.size
            ]
        found = sorted(name for name in names if self._means(name, fixed))
        if not found:
            siblings = [PurePosixPath(name).name for name in names]
            raise NotFoundError(
                f"there is nothing at '{self.location}'",
                why=f"{len(names)} files lie below {self.scheme}://{fixed}"
                if names
                else "nothing lies there",
                now=did_you_mean(PurePosixPath(self.path).name, siblings)
                or "check the bucket's name and the key",
            )
        return found

    def stamps(self) -> dict[str, list[int]]:
        """Return size and time of change (nanoseconds) of each file, by path."""
        with reaching(self.location):
            infos = self.files.get_file_info(self.find())
            return {item.path: [item.size, item.mtime_ns or 0] for item in infos}

    def fetch(self, path: str, into: Path) -> Path:
        """Copy a file into a folder, under its own name and place."""
        fixed = _fixed_part(self.path)
        inner = path.removeprefix(fixed).lstrip("/") or PurePosixPath(path).name
        target = into / inner
        target.parent.mkdir(parents=True, exist_ok=True)
        with (
            reaching(self.location),
            self.files.open_input_stream(path, compression=None) as source,
            target.open("wb") as sink,
        ):
            shutil.copyfileobj(source, sink, _COPY_BYTES)
        return target

    def store(self, source: Path, path: str) -> None:
        """Copy a file there; it appears when all of it has arrived."""
        with (
            reaching(self.location),
            source.open("rb") as file,
            self.files.open_output_stream(path, compression=None) as sink,
        ):
            shutil.copyfileobj(file, sink, _COPY_BYTES)

    def _means(self, name: str, fixed: str) -> bool:
        inner = PurePosixPath(name.removeprefix(fixed).lstrip("/"))
        if any(part.startswith((".", "_")) for part in inner.parts):
            return False
        return fixed == self.path or fnmatch.fnmatchcase(name, self.path.replace("**/", "*"))


def storage_options() -> dict[str, str]:
    """Return what `deltalake` must be told beyond the variables that it reads itself."""
    endpoint = _endpoint()
    if not endpoint:
        return {}
    options = {"AWS_ENDPOINT_URL": endpoint}
    if endpoint.startswith("http://"):
        options["AWS_ALLOW_HTTP"] = "true"
    return options


@contextlib.contextmanager
def reaching(location: str) -> Iterator[None]:
    """Turn a bucket's refusal into words."""
    try:
        yield
    except OSError as error:
        text = str(error).strip().splitlines()[0] if str(error) else type(error).__name__
        denied = any(word in text for word in ("ACCESS_DENIED", "403", "InvalidAccessKey"))
        raise StorageError(
            f"{location} cannot be reached",
            why=text[:300],
            now="check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and what they may do"
            if denied
            else "check the bucket's name, the network, and AWS_ENDPOINT_URL and AWS_REGION",
        ) from error


def _fixed_part(path: str) -> str:
    parts = path.split("/")
    fixed = parts
    for at, part in enumerate(parts):
        if not _GLOB.isdisjoint(part):
            fixed = parts[:at]
            break
    return "/".join(fixed)


def _endpoint() -> str:
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")


def _filesystem() -> Any:
    from pyarrow.fs import S3FileSystem

    options: dict[str, Any] = {}
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if region:
        options["region"] = region
    endpoint = _endpoint()
    if endpoint:
        split = urlsplit(endpoint)
        options["endpoint_override"] = split.netloc or endpoint
        options["scheme"] = split.scheme or "https"
        options.setdefault("region", "us-east-1")
    return S3FileSystem(**options)
