"""Clients that ask a running endpoint steadily, and remember every answer and every broken connection."""

import http.client
import itertools
import json
import random
import select
import threading
import time
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One row that was answered with 200."""

    at: float
    id: str
    row: Row
    prediction: str
    probabilities: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One request without a 200: the client's port tells which worker had the connection."""

    at: float
    port: int
    what: str


@dataclass(kw_only=True)
class SteadyLoad:
    """Asks from several threads for the length of the block, each on a connection that it keeps."""

    port: int
    clients: int = 6
    pause: float = 0.004
    answers: list[Answer] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "SteadyLoad":
        self.threads = [
            threading.Thread(target=self._ask, args=(number,)) for number in range(self.clients)
        ]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def failed_since(self, moment: float) -> list[Failure]:
        """Return what went wrong after a moment."""
        return [failure for failure in self.failures if failure.at >= moment]

    def longest_gap(self, since: float) -> float:
        """Return the longest time without any answer, in seconds."""
        times = sorted(answer.at for answer in self.answers if answer.at >= since)
        return max((after - before for before, after in itertools.pairwise(times)), default=0.0)

    def _ask(self, number: int) -> None:
        chance = random.Random(number)
        while not self.stop.is_set():
            line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
            own = 0
            try:
                line.connect()
                own = line.sock.getsockname()[1]
                while not self.stop.is_set():
                    if select.select([line.sock], [], [], 0)[0]:  # closed between two requests
                        break
                    self._ask_once(line, own, [made_up(chance) for _ in range(2)])
                    time.sleep(self.pause)
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(
                    Failure(at=time.monotonic(), port=own, what=type(error).__name__)
                )
                time.sleep(0.01)
            finally:
                line.close()

    def _ask_once(self, line: http.client.HTTPConnection, own: int, rows: list[Row]) -> None:
        body = json.dumps({"instances": rows})
        line.request("POST", "/endpoints/shop/predict", body, {"content-type": "application/json"})
        response = line.getresponse()
        content, at = response.read(), time.monotonic()
        if response.status != http.client.OK:
            what = f"{response.status} {content.decode()}"
            self.failures.append(Failure(at=at, port=own, what=what))
            return
        told = json.loads(content)
        self.answers += [
            Answer(at=at, id=identifier, row=row, prediction=prediction, probabilities=odds)
            for identifier, row, prediction, odds in zip(
                told["prediction_ids"],
                rows,
                told["predictions"],
                told["probabilities"],
                strict=True,
            )
        ]
        if response.will_close:  # announced, so nothing was lost: the next request opens another
            line.close()
            line.connect()


def made_up(chance: random.Random) -> Row:
    """Return a row as `outside.customers` invents them."""
    return {
        "tenure": chance.randrange(72),
        "plan": chance.choice(["monthly", "yearly"]),
        "charges": round(chance.gauss(70, 20), 2),
    }
