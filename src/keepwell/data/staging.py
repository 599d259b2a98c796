"""Where an ingest keeps its chunks until the whole of it is known to be good."""

import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.dataset as pa_dataset

from keepwell.infrastructure.files import storing


class Staging:
    """Chunks of rows as Arrow files in a folder of their own, removed at the end whatever happened.

    What a killed process left behind is removed by the next one that stages the same name; whoever
    stages holds the lock for that name.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._parent, self._prefix = folder, f"{name}."
        self._chunks: list[Path] = []
        self._skipped = 0

    def __enter__(self) -> Self:
        with storing(f"the staging folder {self._parent} cannot be used"):
            self._parent.mkdir(parents=True, exist_ok=True)
            for left in self._parent.glob(f"{self._prefix}*.rows"):
                shutil.rmtree(left, ignore_errors=True)
            self.folder = Path(
                tempfile.mkdtemp(prefix=self._prefix, suffix=".rows", dir=self._parent)
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def clear(self) -> None:
        """Forget every chunk, to begin again."""
        for path in self._chunks:
            path.unlink(missing_ok=True)
        self._chunks = []

    def restart(self) -> list[Any]:
        """Return the chunks so far as tables, and begin again: those added from now on take their place."""
        tables = [self.chunk(number) for number in range(len(self._chunks))]
        for path in self._chunks:
            path.unlink()  # its bytes stay until the last table that shows them is gone
        self._chunks = []
        return tables

    def skip(self, count: int) -> None:
        """Say that the first chunks are not needed here: the next one added has this number."""
        self._skipped = count

    def add(self, batch: Any) -> None:
        """Keep one chunk.

        Raises:
            StorageError: If the disk is full.
        """
        path = self.folder / f"{len(self._chunks):06d}.arrow"
        with (
            storing("the rows were not stored: staging them failed"),
            pa.OSFile(str(path), "wb") as file,
            pa.ipc.new_file(file, batch.schema) as writer,
        ):
            writer.write_batch(batch)
        self._chunks.append(path)

    def chunk(self, number: int) -> Any:
        """Return one chunk as a table; its bytes stay on the disk until they are used."""
        with pa.memory_map(str(self._chunks[number - self._skipped])) as file:
            return pa.ipc.open_file(file).read_all()

    def scan(self, since: int, size: int) -> Any:
        """Return a dataset of the rows from number `since` on, of chunks with `size` rows each."""
        first, skip = divmod(since, size)
        whole = self._chunks[first + 1 :] if skip else self._chunks[first:]
        parts = []
        if skip and first < len(self._chunks):
            parts.append(pa_dataset.dataset(self.chunk(first).slice(skip)))
        if whole:
            parts.append(pa_dataset.dataset([str(path) for path in whole], format="ipc"))
        if not parts:
            return pa_dataset.dataset(self.chunk(0).slice(0, 0))
        return parts[0] if len(parts) == 1 else pa_dataset.dataset(parts)
