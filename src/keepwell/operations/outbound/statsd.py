"""StatsD over UDP, plain or with Datadog's tags. Counters are sent as what was added since the last time."""

import socket
from collections.abc import Iterator

from keepwell.core.errors import UnavailableError, UsageError
from keepwell.operations.outbound.bundle import Bundle
from keepwell.operations.outbound.samples import Sample

LARGEST = 1400
"""Bytes of a packet that goes through any network in one piece."""


class StatsdReceiver:
    """Sends lines of StatsD.

    UDP tells nothing of whether anybody listens: what is sent counts as taken.

    Args:
        address: `host:port`.
        dialect: `datadog` sends labels as tags and events as events; `plain` makes labels part of the name.
    """

    def __init__(self, address: str, dialect: str = "plain") -> None:
        host, _, port = address.rpartition(":")
        if not host or not port.isdecimal():
            raise UsageError(
                f"monitor.export: '{address}' is no address",
                why="StatsD is sent to a host and a port",
                now="address: localhost:8125",
            )
        self._where = (host.strip("[]"), int(port))
        self._tags = dialect == "datadog"
        self._before: dict[str, float] = {}

    def send(self, bundle: Bundle) -> None:
        """Send all numbers.

        Raises:
            UnavailableError: If the host has no address, or the network is down.
        """
        before = dict(self._before)
        lines = [line for sample in bundle.samples for line in self._lines(sample)]
        if self._tags:
            lines += [_event(event) for event in _told(bundle)]
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                *self._where, type=socket.SOCK_DGRAM
            )[0]
            with socket.socket(family, kind, protocol) as line:
                for packet in _packed(lines):
                    line.sendto(packet, address)
        except OSError as error:
            self._before = before
            raise UnavailableError(
                f"StatsD at {self._where[0]}:{self._where[1]} cannot be reached", why=str(error)
            ) from error

    def _lines(self, sample: Sample) -> Iterator[str]:
        name, tags = self._named(sample)
        if sample.kind == "gauge":
            if sample.value < 0 and not self._tags:
                yield f"{name}:0|g{tags}"  # a sign means "add" in StatsD: down to 0 first
            yield f"{name}:{sample.value:.10g}|g{tags}"
            return
        if sample.kind == "histogram":
            yield from self._added(f"{name}.count", float(sample.count), tags)
            yield from self._added(f"{name}.sum", sample.value, tags)
            return
        yield from self._added(name, sample.value, tags)

    def _added(self, name: str, value: float, tags: str) -> Iterator[str]:
        key = name + tags
        before = self._before.get(key)
        self._before[key] = value
        if before is None:  # what was counted before this process is nobody's news
            return
        added = value - before if value >= before else value  # a worker that began anew
        if added:
            yield f"{name}:{added:.10g}|c{tags}"

    def _named(self, sample: Sample) -> tuple[str, str]:
        name = sample.name.replace("keepwell_", "keepwell.", 1)
        labels = {key: value for key, value in sample.labels.items() if value}
        if self._tags:
            tags = ",".join(f"{_clean(k)}:{_clean(v)}" for k, v in labels.items())
            return name, f"|#{tags}" if tags else ""
        return ".".join([name, *(_clean(value, ".") for value in labels.values())]), ""


def _told(bundle: Bundle) -> Iterator[tuple[str, str, str]]:
    from keepwell.operations.outbound.bundle import message_of, severity_of

    for event in bundle.events:
        if event.ref.kind in ("incident", "endpoint"):
            yield f"keepwell: {event.ref.kind} {event.verb}", message_of(event), severity_of(event)


def _event(told: tuple[str, str, str]) -> str:
    title, text, severity = told
    text = text.replace("\n", "\\n")[:900]
    sizes = f"{len(title.encode())},{len(text.encode())}"
    return f"_e{{{sizes}}}:{title}|{text}|t:{'warning' if severity == 'warning' else 'info'}"


def _clean(text: str, more: str = "") -> str:
    return "".join("_" if char in ":|@#,\n " + more else char for char in text)[:200]


def _packed(lines: list[str]) -> Iterator[bytes]:
    """Yield packets of whole lines."""
    packet = b""
    for line in lines:
        data = line.encode()
        if packet and len(packet) + 1 + len(data) > LARGEST:
            yield packet
            packet = b""
        packet = packet + b"\n" + data if packet else data
    if packet:
        yield packet
