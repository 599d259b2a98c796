"""Events of a topic, answered in another; the broker is librdkafka's own mock."""

import json
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from keepwell.core.errors import MissingExtraError, UnavailableError, UsageError
from keepwell.deployment.scoring import Scorer, load_scorer
from keepwell.deployment.streams import attach, kafka, open_stream
from keepwell.deployment.streams.base import Answer
from keepwell.deployment.streams.kafka import KafkaStream, Topic

confluent_kafka = pytest.importorskip("confluent_kafka")
pytestmark = pytest.mark.integration

Models = Callable[..., Any]


@pytest.fixture(scope="module")
def broker() -> Iterator[tuple[Any, str]]:
    """Return a producer with a broker inside, and the broker's address."""
    producer = confluent_kafka.Producer(
        {"bootstrap.servers": "mock", "test.mock.num.brokers": 1, "log_level": 0}
    )
    (one,) = producer.list_topics(timeout=10).brokers.values()
    yield producer, f"{one.host}:{one.port}"
    producer.flush(5)


@pytest.fixture(autouse=True)
def short_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mock knows no farewell: whoever comes next waits until the last one is given up for lost."""
    monkeypatch.setattr(kafka, "_SESSION_MS", 6000)


@pytest.fixture
def scorer(model_of: Models) -> Scorer:
    made = model_of()
    return load_scorer(made.files.__getitem__, made.signature)


def send(producer: Any, topic: str, rows: Sequence[dict[str, Any] | bytes]) -> None:
    for at, row in enumerate(rows):
        data = row if isinstance(row, bytes) else json.dumps(row).encode()
        producer.produce(topic, data, key=str(at).encode())
    assert producer.flush(10) == 0


def receive(address: str, topic: str, count: int) -> list[tuple[bytes, dict[str, Any]]]:
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": address,
            "group.id": f"reader of {topic}",
            "auto.offset.reset": "earliest",
            "log_level": 0,
        }
    )
    consumer.subscribe([topic])
    found: list[tuple[bytes, dict[str, Any]]] = []
    for _ in range(100):
        for message in consumer.consume(count, 0.2):
            if message.error() is None:
                found.append((message.key(), json.loads(message.value())))
        if len(found) >= count:
            break
    consumer.close()
    return found


class _Stopping:
    """A stream that stops its follower after so many answers, or breaks before they are committed."""

    def __init__(self, stream: KafkaStream, stop: threading.Event, after: int) -> None:
        self._stream, self._stop, self._after, self._count = stream, stop, after, 0

    ended = False

    def read(self, most: int, wait: float) -> Any:
        return self._stream.read(most, wait)

    def answer(self, answers: Sequence[Answer]) -> None:
        self._stream.answer(answers)
        self._count += len(answers)
        if self._count >= self._after:
            self._stop.set()

    def close(self) -> None:
        self._stream.close()


def run(scorer: Scorer, address: str, source: str, target: str, after: int) -> int:
    stop = threading.Event()
    stream = open_stream(f"kafka://{address}/{source}", f"kafka://{address}/{target}")
    assert isinstance(stream, KafkaStream)
    return attach(lambda: (scorer, 3), _Stopping(stream, stop, after), stop=stop).events


def test_a_topic_is_answered_in_another(
    broker: tuple[Any, str], scorer: Scorer, a_row: dict[str, Any]
) -> None:
    producer, address = broker
    send(producer, "events", [*({**a_row, "number": at} for at in range(20)), b"no json"])
    assert run(scorer, address, "events", "answers", 21) == 21
    told = receive(address, "answers", 21)
    assert sorted(one["number"] for _, one in told if "number" in one) == list(range(20))
    assert all(key == str(one.get("number", 20)).encode() for key, one in told)
    assert [one["error"]["what"] for _, one in told if "error" in one]


def test_offsets_are_committed_after_the_answers(
    broker: tuple[Any, str],
    scorer: Scorer,
    a_row: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    producer, address = broker
    send(producer, "in", [{**a_row, "number": at} for at in range(10)])
    dying = open_stream(f"kafka://{address}/in", f"kafka://{address}/out")
    assert isinstance(dying, KafkaStream)

    def gone(answers: Sequence[Answer]) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(dying, "answer", gone)  # read, but not answered
        with pytest.raises(KeyboardInterrupt):
            attach(lambda: (scorer, 3), dying)
    assert run(scorer, address, "in", "out", 10) == 10  # so they come again
    told = receive(address, "out", 10)
    assert sorted(one["number"] for _, one in told) == list(range(10))
    assert committed(address, "keepwell-in", "in") == 10  # those that were answered do not


def committed(address: str, group: str, topic: str) -> int:
    consumer = confluent_kafka.Consumer({"bootstrap.servers": address, "group.id": group})
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    places = [confluent_kafka.TopicPartition(topic, at) for at in partitions]
    offsets = [place.offset for place in consumer.committed(places, timeout=10)]
    consumer.close()
    return sum(offset for offset in offsets if offset > 0)


def test_addresses() -> None:
    topic = Topic.parse("kafka://a:9092,b:9092/events?group=mine")
    assert topic == Topic(servers="a:9092,b:9092", name="events", group="mine")
    for wrong in ("kafka://a:9092", "kafka:///events", "http://a/b"):
        with pytest.raises(UsageError, match="no Kafka topic"):
            Topic.parse(wrong)


def test_a_broker_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "_REACH_SECONDS", 0.5)
    with pytest.raises(UnavailableError, match="no Kafka broker answers at 127"):
        open_stream("kafka://127.0.0.1:9/a", "kafka://127.0.0.1:9/b")


def test_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    with pytest.raises(MissingExtraError, match="kafka"):
        open_stream("kafka://h:1/a", "kafka://h:1/b")
