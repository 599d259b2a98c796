"""Errors that say what was wrong, why, and what to do now.

Every error a user can meet is a `KeepwellError`. The class carries what does not change from case to
case (a headline, the exit code of the command line, the status over HTTP); the instance carries the
three beats, in the user's own names:

    raise InvalidDataError(
        what="column 'age' holds text in row 90,000: 'forty'",
        why="the contract says 'age' is an integer",
        now="fix the row, or set `types: {age: category}` under `data:` in keepwell.yaml",
    )
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self


class KeepwellError(Exception):
    """Base of every error that is meant to be read by a user.

    Args:
        what: What went wrong, naming the user's own thing.
        why: What was expected and what was found instead.
        now: The next step: a command, or the line to change.
        details: Structured facts for programs (`--json`, HTTP bodies); must be JSON-serialisable.
    """

    headline: ClassVar[str] = "Something went wrong"
    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500

    def __init__(
        self, what: str, *, why: str = "", now: str = "", details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.now = now
        self.details = dict(details or {})

    def __str__(self) -> str:
        return "\n".join(beat for beat in (self.what, self.why, self.now) if beat)

    def as_dict(self) -> dict[str, Any]:
        """Return the error as a JSON-ready document: the body of every HTTP refusal."""
        return {
            "error": type(self).__name__,
            "headline": self.headline,
            "what": self.what,
            "why": self.why,
            "now": self.now,
            "details": self.details,
        }


class UsageError(KeepwellError):
    """The command, request or configuration is not of a form that we understand."""

    headline = "That is not something Keepwell understands"
    exit_code = 2
    http_status = 400


class ProjectFileError(UsageError):
    """`keepwell.yaml` holds an unknown key or a wrong value; `what` names the file and line."""

    headline = "The project file needs a change"


class NotFoundError(KeepwellError):
    """The named thing does not exist."""

    headline = "Not found"
    http_status = 404


class ConflictError(KeepwellError):
    """Somebody else changed the same thing first. Read it again and retry."""

    headline = "It changed in the meantime"
    http_status = 409


class LostLeaseError(ConflictError):
    """Somebody else has taken over what this process was entrusted with; nothing was written."""

    headline = "Another process has taken over"


class BusyError(KeepwellError):
    """The thing is in use: a lock is held, a port is taken, a queue is full."""

    headline = "Busy"
    http_status = 503


class InvalidDataError(KeepwellError):
    """The data cannot be read, typed or used for what was asked."""

    headline = "The data cannot be used as it is"
    http_status = 422


class ContractError(InvalidDataError):
    """A batch breaks the dataset's contract; `details` lists rule, count and sample rows."""

    headline = "The batch breaks the contract"


class InvalidRequestError(InvalidDataError):
    """A prediction request does not fit the model's signature; `what` names the column."""

    headline = "The request does not fit the model"


class TrainingError(KeepwellError):
    """No model could be trained."""

    headline = "Training failed"
    http_status = 422


class GateError(KeepwellError):
    """A model version did not pass its gate, and the action needs one that did."""

    headline = "The gate is closed"
    http_status = 409


class BudgetError(KeepwellError):
    """The month's budget is spent, and the action would cost more."""

    headline = "The budget is spent"
    http_status = 402


class IntegrityError(KeepwellError):
    """Stored bytes or rows are not what was written: a digest or the event chain disagrees."""

    headline = "Stored data was altered"


class StorageError(KeepwellError):
    """The disk, bucket or database refused: full, read-only, unreachable."""

    headline = "Storage failed"
    http_status = 507


class FormatError(KeepwellError):
    """A workspace or file has a format that this version cannot read."""

    headline = "The format is not one this version reads"


class UnavailableError(KeepwellError):
    """Nothing can answer at present: no champion, no worker, the server is stopping."""

    headline = "Not available at present"
    http_status = 503


class ServedElsewhereError(KeepwellError):
    """The model answers somewhere else; here its predictions are only watched."""

    headline = "That model answers somewhere else"
    http_status = 409

    @classmethod
    def of(cls, endpoint: str) -> Self:
        """Return what to say to whoever asks this endpoint to act."""
        return cls(
            f"'{endpoint}' does not answer here",
            why="its model is served elsewhere: Keepwell has no artifact of it, and only watches it",
            now="ask the system that serves it; keepwell monitor -e NAME shows how it does",
        )


class MissingExtraError(KeepwellError):
    """A feature needs a package that is not installed."""

    headline = "An extra is not installed"
    http_status = 501

    def __init__(self, feature: str, *, extra: str) -> None:
        super().__init__(
            f"{feature} needs the extra '{extra}'",
            why="it is not part of the core install",
            now=f"pip install 'keepwell[{extra}]'",
            details={"extra": extra},
        )


class PluginError(KeepwellError):
    """A plugin could not be loaded, or is not what its entry point promises."""

    headline = "A plugin is broken"
