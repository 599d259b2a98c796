"""The data plane of one worker: takes connections, has exchanges answered, sees them through at the end."""

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import Coroutine
from typing import Any

from keepwell.core.errors import KeepwellError
from keepwell.deployment.server.admission.guard import StrangerError, refuse_strangers
from keepwell.deployment.server.application import Application
from keepwell.deployment.server.doors import PredictDoor
from keepwell.deployment.server.hot.path import MOST_TOGETHER, HotPath
from keepwell.deployment.server.listening import BACKLOG
from keepwell.deployment.server.messages import Request, Response
from keepwell.deployment.server.plane.acceptance import Acceptance, Shares
from keepwell.deployment.server.plane.connection import Connection
from keepwell.deployment.server.plane.exchange import Exchange
from keepwell.deployment.server.plane.limits import Patience
from keepwell.deployment.server.pools.handing import Pools
from keepwell.deployment.server.prediction import Call
from keepwell.deployment.server.proxy import ControlAwayError

_logger = logging.getLogger(__name__)
_PARTING = 0.1  # who asks again within it is told before the connection ends
_PAUSE = 0.02  # between two looks at what still drains


class Plane:
    """Serves an application on a socket.

    Args:
        application: Answers what knocks at its doors; its proxy passes the rest on.
        patience: Seconds that clients are given.
        pools: Workers of one endpoint alone, to whom its requests are handed; None if there are none.
    """

    def __init__(
        self,
        application: Application,
        *,
        patience: Patience | None = None,
        pools: Pools | None = None,
    ) -> None:
        self.application = application
        self.connections: set[Connection] = set()
        self.patience = patience or Patience()
        self.closing = False
        self.now = time.monotonic()  # told a few times a second: enough for timeouts, and free
        self.hot = HotPath(application.predictor, pools.members if pools is not None else {})
        self._pools = pools
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | Acceptance | None = None
        self._shares: Shares | None = None
        self._sweeping: asyncio.Task[None] | None = None

    async def open(self, listener: socket.socket, shares: Shares | None = None) -> None:
        """Begin to take connections; no more than their share where others take some too."""
        if shares is not None:
            self._shares = shares
            self._server = Acceptance(listener, shares, lambda: Connection(self))
        else:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: Connection(self), sock=listener, backlog=BACKLOG
            )
        self._sweeping = asyncio.create_task(self._sweep())

    async def close(self, seconds: float) -> None:
        """Take no more connections, and end those there are: idle ones now, others once answered."""
        self.closing = True
        self.hot.flush()
        if self._server is not None:
            self._server.close()
        shares, self._shares = self._shares, None
        if shares is not None:
            shares.leave()
        if self.connections:  # who is about to ask is answered, and told that it is the last time
            await asyncio.sleep(_PARTING)
        for connection in list(self.connections):
            connection.close_if_idle()
        end = time.monotonic() + seconds
        while self.connections and time.monotonic() < end:
            await asyncio.sleep(_PAUSE)
        for connection in list(self.connections):
            connection.cut()
        if self._sweeping is not None:
            self._sweeping.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def came(self, connection: Connection) -> None:
        """Take note of a client."""
        self.connections.add(connection)
        self._count()

    def went(self, connection: Connection) -> None:
        """Take note that a client is gone."""
        self.connections.discard(connection)
        self._count()

    def _count(self) -> None:
        if self._shares is not None:
            self._shares.tell(len(self.connections))
        self.hot.together = max(1, min(len(self.connections), MOST_TOGETHER))

    def answer(self, connection: Connection, exchange: Exchange) -> None:
        """Have a request that came whole answered: the short way if it is a usual one."""
        door = exchange.door
        if isinstance(door, PredictDoor):
            request = exchange.request()
            asked = door.asked(Call.of(exchange.name, request), request)
            ours = _is_ours(request)
            if (
                ours
                and asked is not None
                and self.hot.take(connection, exchange, asked, request.body)
            ):
                connection.remember(exchange, asked)
                return
        self.answer_long(connection, exchange)

    def answer_long(self, connection: Connection, exchange: Exchange) -> None:
        """Have the application, or a worker of the endpoint alone, answer a request that came whole."""
        if self._pools is not None and exchange.name in self._pools.members:
            request = exchange.request()
            if _is_ours(request) and self._pools.hand(
                exchange, request.body, lambda response: self._told(connection, exchange, response)
            ):
                return
        self._start(self._answer(connection, exchange))

    def _told(self, connection: Connection, exchange: Exchange, response: Response | None) -> None:
        """Send on what a worker of the endpoint alone answered; if it did not, ask another way."""
        if response is None:
            self._start(self._answer(connection, exchange))
            return
        exchange.keep_alive = exchange.keep_alive and not self.closing
        exchange.answer(response)
        connection.done(exchange)
        connection.resume()

    def pass_on(self, connection: Connection, exchange: Exchange) -> None:
        """Have the proxy answer a request whose body may still come."""
        self._start(self._pass_on(connection, exchange))

    def refuse(self, exchange: Exchange) -> None:
        """Answer a request that is refused for its form."""
        if exchange.refusal is not None:
            exchange.answer(
                self.application.refuse(
                    exchange.door, Call(endpoint=exchange.name), exchange.refusal
                )
            )

    async def _answer(self, connection: Connection, exchange: Exchange) -> None:
        door = exchange.door
        if door is None:
            return
        request = exchange.request()
        try:
            refuse_strangers(request)
        except KeepwellError as error:
            exchange.refusal = error
            self.refuse(exchange)
        else:
            response = None
            if self._pools is not None:
                response = await self._pools.ask(exchange, request.body)
            if response is None:
                response = await self.application.answer(door, exchange.name, request)
            exchange.keep_alive = exchange.keep_alive and not self.closing
            exchange.answer(response)
        connection.done(exchange)
        connection.resume()

    async def _pass_on(self, connection: Connection, exchange: Exchange) -> None:
        refusal = self.application.refuse_next_door(exchange.request())
        if refusal is not None:
            exchange.keep_alive = exchange.keep_alive and exchange.whole
            exchange.answer(refusal)
            connection.done(exchange)
            connection.resume()
            return
        try:
            await self.application.proxy.pass_on(exchange)
        except ControlAwayError:
            exchange.answer(self.application.answer_alone(exchange.path))
        except ConnectionResetError:
            exchange.keep_alive = False
        if exchange.begun and not exchange.ended:
            connection.cut()  # so that the client sees that this is not the whole answer
            return
        if not exchange.ended:
            return  # the client left
        connection.done(exchange)
        connection.resume()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _logger.error("an exchange broke", exc_info=error)

    async def _sweep(self) -> None:
        """Tell the time, and look for clients that take too long."""
        patience = self.patience
        shortest = min(patience.head, patience.body, patience.stall, patience.idle, patience.linger)
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                await asyncio.sleep(min(0.5, shortest / 2))
                self.now = time.monotonic()
                for connection in list(self.connections):
                    connection.look()


def _is_ours(request: Request) -> bool:
    try:
        refuse_strangers(request)
    except StrangerError:
        return False
    return True
