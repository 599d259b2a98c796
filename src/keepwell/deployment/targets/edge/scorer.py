"""Answers rows on a device, online or not: this file, a model beside it, onnxruntime and NumPy.

    edge = Edge("churn-edge")                        # the folder with bundle.json and model.onnx
    edge.predict([{"age": 41, "plan": "monthly"}])   # answered at once, and queued on the disk
    edge.sync("http://hub:4400")                     # whenever there is a network: exactly once

    python keepwell_edge.py --help                   # the same from the command line

Nothing here asks the network for anything, except `sync`.
"""

import argparse
import contextlib
import hashlib
import json
import math
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

try:
    import fcntl
except ImportError:  # no such thing on Windows: there, one process at a time may use a queue
    fcntl = None  # type: ignore[assignment]

FORMAT = 1
QUEUE_LIMIT = 64 << 20
"""Bytes of queued predictions beyond which new ones are answered but only counted."""

AT_ONCE = 500
"""Predictions sent in one request."""

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TEXTUAL = ("category", "text")
_UNUSABLE = 422  # the hub's answer to a prediction that it can never use; names which
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RefusedError(Exception):
    """The row does not fit the model, or the bundle or the hub is not as it should be."""


class Edge:
    """A model version with its queue.

    Args:
        folder: Where the bundle lies.
        queue: Where predictions wait for the network; `queue` in the bundle's folder if None.
        limit: Bytes that may wait; beyond it predictions are answered and counted, not kept.
    """

    def __init__(
        self, folder: str | Path = ".", queue: str | Path | None = None, limit: int = QUEUE_LIMIT
    ) -> None:
        self.folder = Path(folder)
        self.bundle = json.loads((self.folder / "bundle.json").read_bytes())
        if self.bundle.get("format") != FORMAT:
            raise RefusedError(f"the bundle has format {self.bundle.get('format')}, not {FORMAT}")
        data = (self.folder / "model.onnx").read_bytes()
        if hashlib.sha256(data).hexdigest() != self.bundle["digest"]:
            raise RefusedError("model.onnx is not the file that the bundle was made with")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        self._session = onnxruntime.InferenceSession(
            data, options, providers=["CPUExecutionProvider"]
        )
        self._fields = self.bundle["inputs"]
        self._cells = [_cell_of(field) for field in self._fields]
        self._classes, self._border = self.bundle["classes"], self.bundle.get("threshold")
        self._queue = Queue(Path(queue) if queue is not None else self.folder / "queue", limit)

    def predict(
        self, rows: Sequence[Mapping[str, Any]], key: str = "", *, queue: bool = True
    ) -> dict[str, Any]:
        """Answer rows, as the server's `/predict` does.

        Args:
            rows: As they come from JSON.
            key: Name of the column that says whom a row is about; queued with the answer.
            queue: Keep the answers for the next sync.
        """
        started = time.perf_counter()
        scores = self.scores(rows)
        names = [name if isinstance(name, str) else json.dumps(name) for name in self._classes]
        if self._classes:
            best = scores.argmax(axis=1) if self._border is None else scores[:, 1] >= self._border
            said, listed = [self._classes[at] for at in best.tolist()], scores.tolist()
        else:
            said, listed = scores[:, 0].tolist(), [[] for _ in rows]
        now = time.time()
        ids = [_new_id(now) for _ in rows]
        answer: dict[str, Any] = {"predictions": said, "prediction_ids": ids}
        if self._classes:
            answer["probabilities"] = [dict(zip(names, one, strict=True)) for one in listed]
        answer["model"] = {"name": self.bundle["model"], "version": self.bundle["version"]}
        if queue:
            milliseconds = (time.perf_counter() - started) * 1000
            known = {field["name"] for field in self._fields}
            self._queue.add(
                {
                    "id": ids[at],
                    "time": now,
                    "version": self.bundle["version"],
                    "key": "" if row.get(key) is None else str(row[key]),
                    "inputs": {name: value for name, value in row.items() if name in known},
                    "prediction": said[at],
                    "probabilities": listed[at],
                    "latency_ms": milliseconds,
                }
                for at, row in enumerate(rows)
            )
        return answer

    def scores(self, rows: Sequence[Mapping[str, Any]]) -> "np.ndarray[Any, Any]":
        """Return probabilities by class, or one number, row by row."""
        if not rows:
            return np.empty((0, max(1, len(self._classes))))
        columns = [
            np.array(
                [_decode(row, field, cell, at) for at, row in enumerate(rows)],
                dtype=object if field["type"] in _TEXTUAL else np.float64,
            )
            for field, cell in zip(self._fields, self._cells, strict=True)
        ]
        plan = self.bundle["plan"]
        step = plan["rows_at_once"] or len(rows)
        parts = []
        for start in range(0, len(rows), step):
            piece = [column[start : start + step] for column in columns]
            fed = {slot["name"]: _fill(slot, piece, self._fields) for slot in plan["inputs"]}
            said = self._session.run([plan["output"]], fed)[0]
            parts.append(_read(said, plan, self._classes))
        return np.concatenate(parts)

    def waiting(self) -> dict[str, int]:
        """Return how many predictions wait, and how many were not kept because the queue was full."""
        return self._queue.count()

    def sync(
        self, url: str, headers: Mapping[str, str] | None = None, timeout: float = 30.0
    ) -> dict[str, int]:
        """Send what waits, oldest first; what the hub has taken is forgotten here.

        Breaking off at any moment is safe: the hub knows each prediction by its id and keeps it once.
        One that it will never take is put aside, into `refused.jsonl`, so that it holds up no other.

        Raises:
            RefusedError: If the hub refuses, or cannot be reached; what was not taken still waits.
        """
        name = urllib.parse.quote(self.bundle["endpoint"], safe="")
        address = f"{url.rstrip('/')}/endpoints/{name}/import"
        counts = {"sent": 0, "accepted": 0, "duplicate": 0, "refused": 0}
        for batch in self._queue.batches(AT_ONCE):
            while batch:
                body = {"device": self.bundle["device"], "predictions": batch}
                taken = _post(address, body, dict(headers or {}), timeout)
                if "refused" not in taken:
                    counts["sent"] += len(batch)
                    counts["accepted"] += int(taken["accepted"])
                    counts["duplicate"] += int(taken["duplicate"])
                    break
                self._queue.set_aside(batch.pop(taken["refused"]))
                counts["refused"] += 1
        return counts

    def selftest(self) -> dict[str, Any]:
        """Answer the rows that came with the bundle, and return how far off the answers are."""
        vectors = json.loads((self.folder / "vectors.json").read_bytes())
        scores = self.scores(vectors["rows"])
        expected = np.array(vectors["expected"], dtype=np.float64).reshape(scores.shape)
        apart = np.abs(scores - expected) / np.maximum(1.0, np.abs(expected))
        worst = float(apart.max(initial=0.0))
        return {
            "rows": len(scores),
            "largest_difference": worst,
            "passed": bool(worst <= vectors["tolerance"]),
        }


class Queue:
    """Predictions on the disk, waiting. Safe for several processes and for a power cut at any moment.

    Args:
        folder: Where the files lie; made if it is not there.
        limit: Bytes that may wait.
    """

    def __init__(self, folder: Path, limit: int = QUEUE_LIMIT) -> None:
        self._folder = folder
        self._limit = limit
        self._open = folder / "waiting.jsonl"
        self._lost = folder / "lost"

    def add(self, items: Any) -> None:
        """Write predictions behind those that wait; they are on the disk when this returns."""
        lines = [json.dumps(item, default=str).encode() + b"\n" for item in items]
        with self._alone():
            size = self._open.stat().st_size if self._open.exists() else 0
            if size + sum(map(len, lines)) > self._limit:
                self._lost.write_text(str(self._lost_count() + len(lines)))
                return
            with self._open.open("ab") as file:
                if file.tell() and not self._ends_whole():
                    file.write(b"\n")  # what a power cut tore stays alone on its line
                file.write(b"".join(lines))
                file.flush()
                os.fsync(file.fileno())

    def batches(self, size: int) -> Iterator[list[dict[str, Any]]]:
        """Yield what waits, so many at a time; a batch is forgotten when the next one is asked for."""
        while True:
            with self._alone():
                lines = self._open.read_bytes().splitlines(True) if self._open.exists() else []
            # Whoever sends at the same time sends the same: harmless, as the hub keeps each once.
            taken = 0
            batch: list[dict[str, Any]] = []
            for line in lines:
                if len(batch) == size:
                    break
                taken += len(line)
                with contextlib.suppress(ValueError):  # a line that was torn
                    batch.append(json.loads(line))
            if not taken:
                return
            if batch:
                yield batch
            self._forget(b"".join(lines)[:taken])

    def set_aside(self, item: dict[str, Any]) -> None:
        """Keep a prediction that the hub refused where it is found."""
        with self._alone(), (self._folder / "refused.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(item) + "\n")

    def count(self) -> dict[str, int]:
        """Return how many wait, and how many were not kept."""
        with self._alone():
            whole = self._open.read_bytes().count(b"\n") if self._open.exists() else 0
            return {"waiting": whole, "lost": self._lost_count()}

    def _forget(self, sent: bytes) -> None:
        with self._alone():
            present = self._open.read_bytes() if self._open.exists() else b""
            if not present.startswith(sent):  # another process has sent and forgotten it already
                return
            rest = self._open.with_suffix(".rest")
            with rest.open("wb") as file:
                file.write(present[len(sent) :])
                file.flush()
                os.fsync(file.fileno())
            os.replace(rest, self._open)

    def _ends_whole(self) -> bool:
        with self._open.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"

    def _lost_count(self) -> int:
        return int(self._lost.read_text() or 0) if self._lost.exists() else 0

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("ab") as file:
            if fcntl is not None:
                fcntl.flock(file.fileno(), fcntl.LOCK_EX)
            yield


def _post(address: str, body: Any, headers: dict[str, str], timeout: float) -> Any:
    if not address.startswith(("http://", "https://")):
        raise RefusedError(f"the hub's address is {address}: it begins with http:// or https://")
    request = urllib.request.Request(  # noqa: S310 (looked at above)
        address,
        json.dumps(body).encode(),
        {"content-type": "application/json", **headers},
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        text = error.read()
        if error.code == _UNUSABLE:
            with contextlib.suppress(ValueError, KeyError, TypeError):
                return {"refused": int(json.loads(text)["details"]["index"])}
        raise RefusedError(f"the hub answered {error.code}: {text[:500]!r}") from error
    except (OSError, ValueError) as error:
        raise RefusedError(f"the hub at {address} cannot be reached: {error}") from error


def _new_id(now: float) -> str:
    value = (int(now * 1000) << 80) | int.from_bytes(os.urandom(10), "big")
    return "".join(_ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5))


def _decode(row: Mapping[str, Any], field: Mapping[str, Any], cell: Any, at: int) -> Any:
    """Return a value as the model takes it; the same rules as the server's."""
    value = row.get(field["name"])
    missing: Any = "" if field["type"] in _TEXTUAL else math.nan
    gap = value is None or (isinstance(value, float) and math.isnan(value))
    decoded = missing if gap else cell(value)
    if decoded is None:
        raise RefusedError(
            f"column '{field['name']}' of instance {at} is {value!r:.80}: "
            f"a {field['type']} is wanted"
        )
    empty = decoded == "" and field["type"] == "category"
    if field["required"] and (gap or empty or decoded != decoded):  # noqa: PLR0124 (nan)
        raise RefusedError(
            f"column '{field['name']}' is missing in instance {at}: training saw it in every row"
        )
    return decoded


def _cell_of(field: Mapping[str, Any]) -> Any:
    """Return the function that types a present value; it returns None for one of another type."""
    kind = field["type"]
    if kind == "category":
        return _category(field["categories"])
    return {"boolean": _boolean, "text": _text, "datetime": _seconds}.get(kind, _number)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def _boolean(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and value in (0, 1) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _seconds(value: Any) -> float | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(value, datetime):
        return None
    aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value
    apart = aware - _EPOCH
    return (apart.days * 86_400_000_000 + apart.seconds * 1_000_000 + apart.microseconds) / 1e6


def _category(labels: Sequence[str]) -> Any:
    try:
        by_number = {float(label): label for label in reversed(labels)}
    except ValueError:
        by_number = {}
    by_word = {label.lower(): label for label in labels}
    booleans = bool(by_word) and by_word.keys() <= {"true", "false"}

    def category(value: Any) -> str | None:
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            word = "true" if value else "false"
            return by_word.get(word, word) if booleans else None
        if isinstance(value, int | float) and by_number:
            try:
                number = float(value)
            except OverflowError:
                number = math.inf
            return by_number.get(number) or f"{number:.15g}"
        return None

    return category


def _fill(slot: Mapping[str, Any], columns: Any, fields: Any) -> "np.ndarray[Any, Any]":
    parts = [_cast(columns[at], slot["type"], fields[at]["name"]) for at in slot["columns"]]
    if slot["flat"]:
        return parts[0]
    return np.column_stack(parts) if len(parts) > 1 else parts[0].reshape(-1, 1)


def _cast(column: "np.ndarray[Any, Any]", kind: str, name: str) -> "np.ndarray[Any, Any]":
    if kind == "object":
        if column.dtype.kind == "O":
            return column
        written = ["" if math.isnan(value) else f"{value:.15g}" for value in column.tolist()]
        return np.array(written, dtype=object)
    if np.dtype(kind).kind != "f" and np.isnan(column).any():
        raise RefusedError(f"column '{name}' is missing, and the model takes whole numbers there")
    with np.errstate(over="ignore"):
        return column.astype(kind)


def _read(said: Any, plan: Mapping[str, Any], classes: list[Any]) -> "np.ndarray[Any, Any]":
    if plan["reads"] == "maps":
        answer = np.zeros((len(said), len(classes)))
        for row, known in enumerate(said):
            for label, probability in known.items():
                answer[row, _place(label, classes)] = probability
        return answer
    if plan["reads"] == "labels":
        labels = np.asarray(said).reshape(-1).tolist()
        answer = np.zeros((len(labels), len(classes)))
        for row, label in enumerate(labels):
            answer[row, _place(label, classes)] = 1.0
        return answer
    answer = np.asarray(said, dtype=np.float64).reshape(len(said), -1)
    if plan["activation"] == "softmax":
        powers = np.exp(answer - answer.max(axis=1, keepdims=True))
        answer = powers / powers.sum(axis=1, keepdims=True)
    elif plan["activation"] == "sigmoid":
        answer = 1.0 / (1.0 + np.exp(-answer))
    if plan["reads"] == "scores" and answer.shape[1] == 1:
        return np.hstack([1.0 - answer, answer])
    return answer


def _place(label: Any, classes: list[Any]) -> int:
    """Return the position of a label that the graph said; graphs of text labels may say codes."""
    words = [_word(one) for one in classes]
    if _word(label) in words:
        return words.index(_word(label))
    coded = all(isinstance(one, str) for one in classes)
    if coded and isinstance(label, int) and 0 <= label < len(classes):
        return label
    raise RefusedError(f"the model answered with a class that is not its own: {label!r}")


def _word(label: Any) -> str:
    if isinstance(label, bool | np.bool_):
        return str(int(label))
    if isinstance(label, float | np.floating) and float(label).is_integer():
        return str(int(label))
    return str(label)


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; 0 if it went well."""
    parser = argparse.ArgumentParser(description="Answers rows on this device.")
    commands = parser.add_subparsers(dest="command", required=True)
    predict = commands.add_parser("predict", help="answer the rows of a JSON Lines file")
    predict.add_argument("rows", help="the file; - reads the standard input")
    predict.add_argument("--key", default="", help="column that says whom a row is about")
    sync = commands.add_parser("sync", help="send what waits to the server")
    sync.add_argument("url", help="for example http://hub:4400")
    sync.add_argument(
        "--token", default="", help="token of the scope `import`, sent as a bearer token"
    )
    commands.add_parser(
        "selftest", help="compare this device with the machine that made the bundle"
    )
    commands.add_parser("status", help="say what waits")
    given = parser.parse_args(words)
    try:
        edge = Edge(Path(__file__).resolve().parent)
        document, passed = _run(edge, given)
    except (RefusedError, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(json.dumps(document) + "\n")
    return 0 if passed else 1


def _run(edge: Edge, given: argparse.Namespace) -> tuple[Any, bool]:
    if given.command == "selftest":
        result = edge.selftest()
        return result, bool(result["passed"])
    if given.command == "sync":
        headers = {"authorization": f"Bearer {given.token}"} if given.token else {}
        return edge.sync(given.url, headers), True
    if given.command == "status":
        return {name: edge.bundle[name] for name in ("model", "version")} | edge.waiting(), True
    text = sys.stdin.read() if given.rows == "-" else Path(given.rows).read_text(encoding="utf-8")
    try:
        rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise RefusedError(
            f"{given.rows}: each line must be one row, a JSON object: {error}"
        ) from None
    return edge.predict(rows, given.key), True


if __name__ == "__main__":
    sys.exit(main())
