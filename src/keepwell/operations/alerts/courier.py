"""Sends what waits, again and again until it is taken; never in anybody's way.

Each channel has a worker of its own while it has something to send, so a dead one keeps nobody waiting. A
message is marked as sent after it was taken: who is killed in between sends it once more, with the same
id.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from keepwell.core.alerting import ChannelSpec
from keepwell.core.clock import Clock
from keepwell.core.errors import KeepwellError
from keepwell.core.events import acting_as
from keepwell.core.records import Attempt, Delivery
from keepwell.operations.alerts.channels.opening import Open, find_channel, open_channel
from keepwell.operations.alerts.store import AlertStore

logger = logging.getLogger(__name__)
FIRST_WAIT = 5.0
LONGEST_WAIT = 600.0
GIVE_UP_SECONDS = 86400.0
"""A message that nobody took for so long is not tried any more."""
KEPT_ATTEMPTS = 20


class Courier:
    """Hands messages over.

    Args:
        store: Where they wait.
        channels: The project's, as they are now.
        clock: The time.
        opening: Opens a channel; for tests.
    """

    def __init__(
        self,
        store: AlertStore,
        channels: Callable[[], Sequence[ChannelSpec]],
        clock: Clock,
        opening: Callable[[ChannelSpec], Open] = open_channel,
    ) -> None:
        self._store = store
        self._channels = channels
        self._clock = clock
        self._opening = opening
        self._mark = -1
        self._waiting: list[Delivery] = []
        self._busy: dict[str, threading.Thread] = {}

    def look(self) -> None:
        """Start a worker for each channel that has something due and none at work."""
        now = self._clock.now()
        mark = self._store.mark()
        if mark != self._mark:
            self._mark, self._waiting = mark, self._store.waiting()
        waiting: dict[str, list[Delivery]] = {}
        for message in self._waiting:
            if message.due <= now:
                waiting.setdefault(message.channel, []).append(message)
        for name, messages in waiting.items():
            worker = self._busy.get(name)
            if worker is None or not worker.is_alive():
                worker = threading.Thread(
                    target=self._work, args=(messages,), name=f"telling {name}", daemon=True
                )
                self._busy[name] = worker
                worker.start()

    def finish(self, timeout: float = 15.0) -> None:
        """Wait for the workers that are at work."""
        end = time.monotonic() + timeout
        for worker in self._busy.values():
            worker.join(max(0.0, end - time.monotonic()))

    def hand_over(self, message: Delivery) -> Delivery:
        """Try to send one message now, and keep how that went."""
        began, now = time.monotonic(), self._clock.now()
        answer, error = self._sent(message)
        attempt = Attempt(time=now, seconds=time.monotonic() - began, error=error, answer=answer)
        count = len(message.attempts) + 1
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (count - 1))
        old = now - message.created >= GIVE_UP_SECONDS
        status = "sent" if not error else "given_up" if old or message.kind == "test" else "waiting"
        after = replace(
            message,
            status=status,
            due=now + wait if status == "waiting" else message.due,
            attempts=(*message.attempts, attempt)[-KEPT_ATTEMPTS:],
        )
        with acting_as("alerts"):
            self._store.attempted(after)
        if error:
            logger.warning("the channel '%s' did not take a message: %s", message.channel, error)
        return after

    def _work(self, messages: Sequence[Delivery]) -> None:
        for message in messages:
            try:
                if self.hand_over(message).status == "waiting":
                    return  # what waits behind it would fail as well; it is tried at its time
            except Exception:
                logger.exception("how telling '%s' went could not be kept", message.channel)
                return

    def _sent(self, message: Delivery) -> tuple[str, str]:
        """Return what the channel answered, and why it failed; without secrets."""
        opened: Open | None = None
        try:
            opened = self._opening(find_channel(self._channels(), message.channel))
            answers = [channel.send(message) for channel in opened.channels]
        except KeepwellError as error:
            said = ": ".join(part for part in (error.what, error.why, error.now) if part)
        except Exception as error:  # noqa: BLE001 (a library's trouble is the channel's)
            said = f"{type(error).__name__}: {error}"
        else:
            return "; ".join(answers), ""
        return "", (opened.hide(said) if opened else said)[:500]
