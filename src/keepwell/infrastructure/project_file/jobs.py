"""The kind of `batch:`, a list of mappings."""

import string
from collections.abc import Sequence
from dataclasses import fields

from yaml.nodes import Node, SequenceNode

from keepwell.core.spec import BatchSpec
from keepwell.infrastructure.project_file.kinds import FLAG, NAME, SCHEDULE, TEXT, Kind, entries

PLACES = ("date", "time")
"""What an output may hold in braces."""

_KINDS = {
    "name": NAME,
    "source": TEXT,
    "output": TEXT,
    "schedule": SCHEDULE,
    "version": TEXT,
    "log": FLAG,
}
_NEEDED = ("name", "source", "output")


def _read(node: Node) -> tuple[BatchSpec, ...]:
    if not isinstance(node, SequenceNode):
        raise ValueError("each job stands behind a dash of its own")
    jobs = tuple(_job(item) for item in node.value)
    for what in ("name", "output"):
        values = [getattr(job, what) for job in jobs]
        twice = [value for value in values if values.count(value) > 1]
        if twice:
            raise ValueError(f"two jobs have the {what} '{twice[0]}'")
    return jobs


def _job(node: Node) -> BatchSpec:
    values = entries(node, _KINDS, "job")
    lacking = [name for name in _NEEDED if name not in values]
    if lacking:
        raise ValueError(f"the job in line {node.start_mark.line + 1} has no {lacking[0]}")
    _check_places(values["output"])
    return BatchSpec(**values)


def _check_places(output: str) -> None:
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(output) if name is not None]
    except ValueError:
        raise ValueError(f"the braces in '{output}' do not match") from None
    unknown = [name for name in names if name not in PLACES]
    if unknown:
        raise ValueError(f"the output knows {{date}} and {{time}}, not {{{unknown[0]}}}")


def _write(jobs: Sequence[BatchSpec]) -> str:
    plain = {item.name: item.default for item in fields(BatchSpec)}
    written = (
        ", ".join(
            f"{name}: {kind.write(getattr(job, name))}"
            for name, kind in _KINDS.items()
            if getattr(job, name) != plain[name]
        )
        for job in jobs
    )
    return "[" + ", ".join(f"{{{one}}}" for one in written) + "]"


JOBS = Kind("a list of jobs", _read, _write)
