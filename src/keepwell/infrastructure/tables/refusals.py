"""What Delta Lake's refusals mean for the user."""

import contextlib
from collections.abc import Iterator

from deltalake.exceptions import CommitFailedError, DeltaError, SchemaMismatchError

from keepwell.core.errors import (
    ConflictError,
    InvalidDataError,
    KeepwellError,
    StorageError,
)
from keepwell.infrastructure.files import refusal

_FULL = ("No space left on device", "os error 28")


@contextlib.contextmanager
def refusals(table: str) -> Iterator[None]:
    """Turn whatever the table format raises in this block into our own family."""
    try:
        yield
    except KeepwellError:
        raise
    except SchemaMismatchError as error:
        raise InvalidDataError(
            f"the rows do not fit the table '{table}'",
            why=str(error),
            now="give them the table's columns and types",
        ) from error
    except CommitFailedError as error:
        raise ConflictError(
            f"the table '{table}' was changed by others all the time",
            why=str(error),
            now="run the same command again",
        ) from error
    except OSError as error:
        raise refusal(error, f"the table '{table}' cannot be used") from error
    except DeltaError as error:
        raise _storage_error(table, str(error)) from error


def _storage_error(table: str, text: str) -> StorageError:
    if any(words in text for words in _FULL):
        return StorageError(
            f"the table '{table}' was not written",
            why="No space left on device",
            now="free some space on that disk, then run the same command again",
            details={"errno": "ENOSPC"},
        )
    return StorageError(
        f"the table '{table}' cannot be used",
        why=text,
        now="check the disk or the bucket, then run the same command again",
    )
