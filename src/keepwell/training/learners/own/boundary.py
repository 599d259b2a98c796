"""The one place where a user's code is called: what it raises comes back with its file and line."""

import contextlib
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from keepwell.core.errors import KeepwellError, TrainingError


@contextlib.contextmanager
def user_code(path: Path, doing: str) -> Iterator[None]:
    """Run a block of the user's code.

    What it prints goes to the error stream, because the output stream is for answers (`--json`).

    Args:
        path: The user's file; frames of other files in its folder count as the user's too.
        doing: What was being done, for the error: "fitting it".

    Raises:
        TrainingError: In place of whatever the code raises, `exit()` included.
    """
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except KeepwellError:
        raise
    except KeyboardInterrupt:
        raise
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        raise TrainingError(
            f"{_where(path, error)} needs the package '{package}', which is not installed",
            why=f"it was imported while {doing}",
            now=f"pip install {package} (or what else offers it) where Keepwell is installed",
            details={"file": str(path), "package": package},
        ) from error
    except (Exception, SystemExit) as error:
        said = str(error).strip().splitlines()
        raise TrainingError(
            f"{_where(path, error)}: {type(error).__name__}: {said[0][:300] if said else ''}".rstrip(
                ": "
            ),
            why=f"it was raised while {doing}",
            now=f"fix {path.name or 'its code'} and run again",
            details={"file": str(path), "trace": traceback.format_exception(error)[-6:]},
        ) from error


def _where(path: Path, error: BaseException) -> str:
    """Return the deepest place in the user's own code that an error came through."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{Path(error.filename).name}, line {error.lineno}"
    folder = path.resolve().parent
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).resolve() == path.resolve()
        or (
            folder in Path(frame.filename).resolve().parents
            and "site-packages" not in frame.filename
        )
    ]
    if not frames:
        return path.name
    return f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}"
