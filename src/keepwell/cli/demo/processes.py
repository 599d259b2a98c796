"""The demo types the same commands as anybody: each is a process of its own."""

import contextlib
import json
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from keepwell.core.errors import KeepwellError, UnavailableError

STOP_SECONDS = 15.0


def command(*words: str) -> list[str]:
    """Return the argument list of one keepwell command, run by this very interpreter."""
    return [sys.executable, "-m", "keepwell", *words]


def run_to_end(words: list[str], on_line: Callable[[str], None]) -> dict[str, Any]:
    """Run a command with `--json`, hand on each line of its standard error, return its document.

    Raises:
        KeepwellError: If it failed; what it said last is the reason.
    """
    last: deque[str] = deque(maxlen=8)
    with subprocess.Popen(
        command(*words, "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        if child.stdout is None or child.stderr is None:
            raise KeepwellError(f"keepwell {words[0]} gave no output to read")
        documents: list[str] = []
        reader = threading.Thread(target=lambda out=child.stdout: documents.append(out.read()))
        reader.start()
        for line in child.stderr:
            last.append(line.rstrip())
            on_line(line.rstrip())
        reader.join()
    if child.returncode != 0:
        raise KeepwellError(
            f"keepwell {words[0]} ended with exit code {child.returncode}", why="\n".join(last)
        )
    document: dict[str, Any] = json.loads(documents[0])
    return document


class Server:
    """`keepwell up` for as long as the block lasts."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self._folder = folder
        self._log = folder / ".keepwell" / "logs" / "up.txt"

    def __enter__(self) -> Self:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        words = command("up", "--port", str(self.port), "-C", str(self._folder))
        with self._log.open("w") as log:
            self._child = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._child.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(STOP_SECONDS)
            return
        self._child.kill()
        self._child.wait()

    def check(self) -> None:
        """Return if the server lives.

        Raises:
            UnavailableError: If it ended; its last words are the reason.
        """
        if self._child.poll() is not None:
            raise UnavailableError(
                f"keepwell up ended with exit code {self._child.returncode}",
                why="\n".join(self._log.read_text().splitlines()[-12:]),
            )

    def wait(self, ready: Callable[[], bool], seconds: float, every: Callable[[], None]) -> None:
        """Wait until `ready`, calling `every` between two looks.

        Raises:
            UnavailableError: If the server ended or was not ready in time.
        """
        end = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > end:
                raise UnavailableError(f"keepwell up was not ready within {seconds:.0f} s")
            every()
            time.sleep(0.1)
