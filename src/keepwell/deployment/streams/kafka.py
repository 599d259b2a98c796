"""Kafka: events from one topic, answers to another.

The offsets of the consumer group are committed once the broker has confirmed the answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from keepwell.core.errors import MissingExtraError, UnavailableError, UsageError
from keepwell.deployment.streams.base import Answer, Event

_FLUSH_SECONDS = 30.0
_REACH_SECONDS = 10.0
_SESSION_MS = 10_000  # a follower that was killed is given up for lost after this


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """`kafka://host:port[,host:port]/topic?group=name`."""

    servers: str
    name: str
    group: str = ""

    @classmethod
    def parse(cls, address: str) -> "Topic":
        """Read an address.

        Raises:
            UsageError: If it names no broker or no topic.
        """
        split = urlsplit(address)
        name = split.path.strip("/")
        if split.scheme != "kafka" or not split.netloc or not name:
            raise UsageError(
                f"'{address}' is no Kafka topic",
                why="an address is kafka://host:port/topic",
                now="for example kafka://localhost:9092/events",
            )
        group = parse_qs(split.query).get("group", [""])[0]
        return cls(servers=split.netloc, name=name, group=group)


class KafkaStream:
    """Events of a topic, as a member of a consumer group.

    Args:
        source: The topic that is read; its group is `keepwell-<topic>` unless it says another.
        target: The topic of the answers.

    Raises:
        MissingExtraError: If the extra `kafka` is not installed.
        UnavailableError: If no broker answers.
    """

    def __init__(self, source: Topic, target: Topic) -> None:
        try:
            import confluent_kafka
        except ImportError:
            raise MissingExtraError("a stream of Kafka", extra="kafka") from None
        self._kafka = confluent_kafka
        self._target = target
        self._failed: list[str] = []
        self._consumer: Any = confluent_kafka.Consumer(
            {
                "bootstrap.servers": source.servers,
                "group.id": source.group or f"keepwell-{source.name}",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "session.timeout.ms": _SESSION_MS,
                "heartbeat.interval.ms": _SESSION_MS // 4,
                "log_level": 2,
            }
        )
        self._producer: Any = confluent_kafka.Producer(
            {
                "bootstrap.servers": target.servers,
                "enable.idempotence": True,
                "log_level": 2,
            }
        )
        try:
            self._consumer.list_topics(timeout=_REACH_SECONDS)
        except confluent_kafka.KafkaException as error:
            self._consumer.close()
            raise _unreachable(source, error) from error
        self._consumer.subscribe([source.name])
        self._source = source

    @property
    def ended(self) -> bool:
        """Return False: a topic has no end."""
        return False

    def read(self, most: int, wait: float) -> list[Event]:
        """Return the next messages."""
        events = []
        for message in self._consumer.consume(most, wait):
            error = message.error()
            if error is None:
                place = f"{message.topic()}/{message.partition()}/{message.offset()}"
                events.append(Event(data=message.value() or b"", place=place, key=message.key()))
            elif error.fatal() or not error.retriable():
                self._judge(error)
        return events

    def answer(self, answers: Sequence[Answer]) -> None:
        """Produce the answers, wait until the broker has them, then commit."""
        for one in answers:
            while True:
                try:
                    self._producer.produce(
                        self._target.name, one.data, key=one.key, on_delivery=self._delivered
                    )
                    break
                except BufferError:  # the queue is full: let some of it go
                    self._producer.poll(0.1)
        left = self._producer.flush(_FLUSH_SECONDS)
        if left or self._failed:
            raise UnavailableError(
                f"{left or len(self._failed)} answers did not reach the topic '{self._target.name}'",
                why=self._failed[0] if self._failed else f"no answer in {_FLUSH_SECONDS:.0f} s",
                now="start it again once the broker is well: it goes on with these events",
            )
        try:
            self._consumer.commit(asynchronous=False)
        except self._kafka.KafkaException as error:
            raise UnavailableError(
                f"the offsets of '{self._source.name}' were not committed",
                why=str(error),
                now="start it again: these events are answered once more, by the same ids",
            ) from error

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()

    def _delivered(self, error: Any, message: Any) -> None:
        if error is not None:
            self._failed.append(str(error))

    def _judge(self, error: Any) -> None:
        if error.code() == self._kafka.KafkaError._PARTITION_EOF:
            return
        raise UnavailableError(
            f"the topic '{self._source.name}' cannot be read",
            why=str(error),
            now="check the topic's name and the broker, then start it again",
        )


def _unreachable(topic: Topic, error: Exception) -> UnavailableError:
    return UnavailableError(
        f"no Kafka broker answers at {topic.servers}",
        why=str(error),
        now="check the address, and that the broker runs",
    )
