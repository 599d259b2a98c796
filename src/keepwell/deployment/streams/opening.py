"""From two addresses to a stream."""

from keepwell.core.errors import UsageError
from keepwell.deployment.streams.base import Stream
from keepwell.deployment.streams.lines import Lines


def open_stream(source: str, output: str) -> Stream:
    """Open the stream between two addresses.

    Args:
        source: A file of JSON Lines, `-` for the standard input, or `kafka://host:port/topic`.
        output: A file, `-` for the standard output, or a topic if the source is one.

    Raises:
        UsageError: If they do not go together.
    """
    kafka = [place.startswith("kafka://") for place in (source, output)]
    if all(kafka):
        from keepwell.deployment.streams.kafka import KafkaStream, Topic

        return KafkaStream(Topic.parse(source), Topic.parse(output))
    if any(kafka):
        raise UsageError(
            "a topic of Kafka is answered by a topic",
            why=f"the events come from {source}, the answers would go to {output}",
            now="name two topics: --follow kafka://host:9092/events -o kafka://host:9092/answers",
        )
    for place in (source, output):
        if "://" in place or (place != "-" and not place.endswith((".jsonl", ".ndjson"))):
            raise UsageError(
                f"'{place}' cannot be followed",
                why="streams are .jsonl files, - for standard input and output, and kafka://",
                now="keepwell predict --follow events.jsonl -o answers.jsonl",
            )
    return Lines(source, output)
