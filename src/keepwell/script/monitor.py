"""`kw.monitor`: what a model said that is served elsewhere, told to Keepwell as it happens.

    import keepwell as kw

    kw.monitor.to("https://keepwell.example:4400", token="kw_…")       # or beside a project: nothing to say
    kw.monitor.log("churn-elsewhere", inputs={"tenure": 3}, prediction="yes", id="order-17")
    kw.monitor.outcome("churn-elsewhere", "no", id="order-17")

A call writes one line to a file and returns: what it returned from is not lost when the process is killed. A
thread carries the files on; what it could not deliver is delivered by the next process, or by `keepwell up`.
"""

import atexit
import hashlib
import logging
import os
import threading
import time as clock
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepwell.core.errors import InvalidRequestError, KeepwellError, UsageError
from keepwell.core.identifiers import new_id
from keepwell.script.tracing import Step, present, score, span, trace, within

if TYPE_CHECKING:
    from keepwell.monitoring.elsewhere import Courier, Outbox
    from keepwell.workspace import Workspace

__all__ = [
    "Line",
    "Status",
    "Step",
    "close",
    "flush",
    "log",
    "outcome",
    "present",
    "score",
    "span",
    "status",
    "to",
    "trace",
    "within",
]

URL = "KEEPWELL_URL"
TOKEN = "KEEPWELL_TOKEN"  # noqa: S105 (the name of a variable)
SPOOL = "KEEPWELL_SPOOL"
EVERY = 1.0
LONGEST_WAIT = 30.0
AT_EXIT = 5.0

_log = logging.getLogger("keepwell.monitor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How delivery goes.

    Attributes:
        logged: Calls of this process that were kept.
        delivered: Entries that this process has delivered.
        refused: Entries that were not wanted, and are gone.
        dropped: Calls of this process that could not be kept: the spool was full, or the disk.
        waiting: Whether anything has not arrived yet.
        error: What the last attempt met; empty if it went well.
    """

    logged: int = 0
    delivered: int = 0
    refused: int = 0
    dropped: int = 0
    waiting: bool = False
    error: str = ""


class Line:
    """The way from this process to one workspace.

    Args:
        outbox: Where entries wait.
        courier: Carries them on.
        workspace: The workspace beside this process; None for one behind an address.
    """

    def __init__(
        self, outbox: "Outbox", courier: "Courier", workspace: "Workspace | None" = None
    ) -> None:
        self._outbox = outbox
        self._courier = courier
        self._workspace = workspace
        self._known: set[str] = set()
        self._turn = threading.Lock()
        self._wake = threading.Event()
        self._ending = False
        self._thread: threading.Thread | None = None
        self._owner = 0
        self._logged = self._delivered = self._refused = self._dropped = 0
        self._error = ""

    def put(self, endpoint: str, kind: str, item: Mapping[str, Any]) -> bool:
        """Keep an entry; tell whether that was possible."""
        if endpoint:  # traces belong to none
            self._must_be_watched(endpoint)
        try:
            self._outbox.put({"endpoint": endpoint, kind: item})
        except KeepwellError as error:
            return self._drop(error)
        self._logged += 1
        self._carry()
        return True

    def flush(self, timeout: float) -> bool:
        """Deliver what waits now; tell whether all of it has arrived in time."""
        end = clock.monotonic() + timeout
        while self._courier.waiting:
            self._wake.set()
            if self._thread is None or self._owner != os.getpid():
                self._deliver()
            if clock.monotonic() >= end:
                return not self._courier.waiting
            clock.sleep(0.02)
        return True

    def close(self, timeout: float) -> None:
        """Deliver what can be delivered in this time, and let go."""
        self.flush(timeout)
        self._ending = True
        self._wake.set()
        if self._thread is not None and self._owner == os.getpid():
            self._thread.join(timeout)
        self._outbox.close()
        if self._workspace is not None:
            self._workspace.close()

    def status(self) -> Status:
        """Return how delivery goes."""
        return Status(
            logged=self._logged,
            delivered=self._delivered,
            refused=self._refused,
            dropped=self._dropped,
            waiting=self._courier.waiting,
            error=self._error,
        )

    def _must_be_watched(self, endpoint: str) -> None:
        """Refuse an endpoint that there is not; behind an address, the delivery finds that out."""
        if self._workspace is None or endpoint in self._known:
            return
        found = self._workspace.endpoints.read(endpoint)
        if not found.external:
            self._workspace.elsewhere.take(found, [])  # says why not
        self._known.add(endpoint)

    def _drop(self, error: KeepwellError) -> bool:
        self._dropped += 1
        if self._error != error.what:
            self._error = error.what
            _log.warning("what was told is not kept: %s", error)
        return False

    def _carry(self) -> None:
        if self._thread is not None and self._owner == os.getpid():
            return
        with self._turn:
            if self._owner != os.getpid():
                self._owner = os.getpid()
                self._wake = threading.Event()
                self._thread = threading.Thread(
                    target=self._run, name="keepwell.monitor", daemon=True
                )
                self._thread.start()

    def _run(self) -> None:
        wait = EVERY
        while not self._ending:
            self._wake.wait(wait)
            self._wake.clear()
            wait = EVERY if self._deliver() else min(wait * 2, LONGEST_WAIT)

    def _deliver(self) -> bool:
        try:
            done = self._courier.run()
        except Exception as error:  # noqa: BLE001 (whatever it was, the next attempt comes)
            if self._error != str(error):
                self._error = str(error)
                _log.warning("what was logged is not delivered yet: %s", error)
            return False
        self._delivered += done.delivered
        self._refused += done.refused
        if done.refused:
            self._error = done.reason
            _log.warning("%d entries that were logged were refused: %s", done.refused, done.reason)
        elif done.delivered:
            self._error = ""
        return True


_line: Line | None = None
_lock = threading.Lock()


def to(
    where: str | Path | None = None,
    *,
    token: str = "",
    spool: str | Path | None = None,
    most_megabytes: int = 256,
) -> None:
    """Say where predictions go. Without it, the environment says it, else the project in this folder.

    Args:
        where: The address of a workspace that is served, or a project's folder. Without one
            `KEEPWELL_URL`, else the project in the working folder.
        token: A token with the scopes `import` and `feedback`; `KEEPWELL_TOKEN` unless said.
        spool: Where entries wait on their way to an address; `KEEPWELL_SPOOL` unless said, else a folder in
            the user's state (`~/.local/state/keepwell`).
        most_megabytes: How much may wait there; beyond it, calls are not kept.

    Raises:
        NotFoundError: If there is no project, and no address.
        UsageError: If the address is none.
    """
    global _line  # noqa: PLW0603 (a process tells one workspace)
    with _lock:
        before, _line = _line, None
        if before is not None:
            before.close(AT_EXIT)
        _line = _begin(where, token, spool, most_megabytes)


def log(  # noqa: PLR0913 (what there is to say of a prediction, by name)
    endpoint: str,
    *,
    inputs: Mapping[str, Any],
    prediction: Any,
    outcome: Any = None,
    id: str | int | None = None,
    time: Any = None,
    latency_ms: float | None = None,
    version: int | str | None = None,
    key: str | int | None = None,
    score: float | None = None,
    probabilities: Mapping[Any, float] | None = None,
    trace: str = "",
) -> str | None:
    """Tell one prediction, and return its id; None if it could not be kept (the spool is full).

    Args:
        endpoint: The name that the model is registered under: `keepwell monitor register`.
        inputs: What the model was asked with.
        prediction: The label or number that it said.
        outcome: What turned out to be true, where that is known already.
        id: Your own name for it; it is kept once, however often it is told.
        time: When it was made: a datetime, Unix seconds or ISO 8601; now unless said.
        latency_ms: How long the answer took.
        version: Number or name of the registered version; the newest unless said.
        key: Whom the row is about.
        score: Probability of the second of two classes.
        probabilities: Of every class, by its label.
        trace: The trace id of the request.

    Raises:
        NotFoundError: If no model is registered under that name in the workspace beside this process.
        InvalidRequestError: If something is not of the right kind.
    """
    from keepwell.monitoring.elsewhere.posted import Unusable, seconds_of

    now = clock.time()
    if not isinstance(inputs, Mapping):
        raise _wrong(f"'inputs' is {inputs!r:.80}", "it is a mapping of columns to values")
    if prediction is None:
        raise _wrong("'prediction' is None", "it is what the model said")
    try:
        made = now if time is None else seconds_of(time)
    except Unusable as error:
        raise _wrong(str(error), "it is when the prediction was made") from None
    name = new_id(made) if id is None else str(id)
    item = {
        "id": name,
        "time": made,
        "inputs": {str(column): plain(value) for column, value in inputs.items()},
        "prediction": plain(prediction),
        "outcome": plain(outcome),
        "latency_ms": None if latency_ms is None else float(latency_ms),
        "version": version,
        "key": None if key is None else str(key),
        "score": None if score is None else float(score),
        "probabilities": None
        if probabilities is None
        else {str(label): float(share) for label, share in probabilities.items()},
        "trace": trace or None,
    }
    entry = {field: value for field, value in item.items() if value is not None}
    return name if _present().put(endpoint, "prediction", entry) else None


def outcome(
    endpoint: str,
    outcome: Any,
    *,
    id: str | int | None = None,
    key: str | int | None = None,
    time: Any = None,
) -> bool:
    """Tell what turned out to be true, today or in a month; tell whether it could be kept.

    Args:
        endpoint: The name that the model is registered under.
        outcome: The true label or number.
        id: The prediction: what `log` was given, or returned.
        key: Or whom it was about: the latest prediction of that key, before `time`.
        time: When it became true.

    Raises:
        InvalidRequestError: If it is neither of an `id` nor of a `key`, or no label or number.
    """
    from keepwell.monitoring.feedback.posted import check_outcomes

    item = {"outcome": plain(outcome)}
    for field, value in (("prediction_id", id), ("key", key)):
        if value is not None:
            item[field] = str(value)
    if time is not None:
        item["time"] = time if isinstance(time, int | float | str) else time.isoformat()
    check_outcomes([item])
    return _present().put(endpoint, "outcome", item)


def connect() -> None:
    """Find out where entries go, unless that is known.

    Raises:
        NotFoundError: If there is no project here, and no address was said.
    """
    _present()


def put(kind: str, item: Mapping[str, Any]) -> bool:
    """Keep an entry of no endpoint: a step of a trace, a score; tell whether that was possible."""
    return _present().put("", kind, item)


def flush(timeout: float = 10.0) -> bool:
    """Deliver what waits now; tell whether all of it has arrived within `timeout` seconds."""
    return _line is None or _line.flush(timeout)


def status() -> dict[str, Any]:
    """Return how delivery goes: `logged`, `delivered`, `refused`, `dropped`, `waiting`, `error`."""
    return asdict(Status() if _line is None else _line.status())


def close() -> None:
    """Deliver what can be delivered within a few seconds, and let go; the next call begins anew."""
    global _line
    with _lock:
        before, _line = _line, None
    if before is not None:
        before.close(AT_EXIT)


atexit.register(close)


def _present() -> Line:
    global _line  # noqa: PLW0603 (a process tells one workspace)
    if _line is None:
        with _lock:
            if _line is None:
                _line = _begin(None, "", None, 256)
    return _line


def _begin(
    where: str | Path | None, token: str, spool: str | Path | None, most_megabytes: int
) -> Line:
    from keepwell.monitoring.elsewhere import Courier, Outbox
    from keepwell.operations.elsewhere.delivery import deliver_there

    named = str(where or os.environ.get(URL, ""))
    if "://" not in named:
        from keepwell.workspace import Workspace

        workspace = Workspace.open(Path(named or "."))
        outbox = Outbox(workspace.outbox, most_megabytes << 20)
        return Line(outbox, workspace.courier, workspace)
    url = named.rstrip("/")
    if not url.startswith(("http://", "https://")):
        raise UsageError(
            f"'{named}' is no address of a workspace",
            why="one begins with http:// or https://",
            now='kw.monitor.to("http://localhost:4400")',
        )
    folder = Path(spool or os.environ.get(SPOOL) or _state() / _digest(url))
    deliver = deliver_there(url, token or os.environ.get(TOKEN, ""))
    return Line(Outbox(folder, most_megabytes << 20), Courier(folder, deliver))


def _state() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "keepwell" / "outbox"


def _digest(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:16]


def plain(value: Any) -> Any:
    """Return a value of plain Python: numbers of numpy and dates of pandas are no JSON."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return float(value) if value == value else None  # noqa: PLR0124 (not a number: missing)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "tolist"):
        return plain(value.tolist()) if not hasattr(value, "__len__") else value.tolist()
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    return str(value)


def _wrong(what: str, why: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"this prediction cannot be logged: {what}",
        why=why,
        now='kw.monitor.log("NAME", inputs={…}, prediction=…)',
    )
