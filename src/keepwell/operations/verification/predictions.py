"""Checks of the answers: whole files, and answers that do not depend on what they must not depend on."""

from typing import Any

from keepwell.core.errors import InvalidRequestError
from keepwell.core.records import ColumnType
from keepwell.operations.verification.checks import Check, NotApplicable, Subject, Unmet

_CLOSE = 1e-9


def has_whole_files(subject: Subject) -> str:
    """Read every file of the bundle against its digest."""
    from keepwell.tracking.bundles import unpack

    files = subject.model.bundle.files
    for file in files:
        unpack(subject.bench.blobs, subject.model.bundle, file.name)
    return f"{len(files)} files, {sum(file.size for file in files):,} bytes, as they were packed"


def answers_one_row_as_many(subject: Subject) -> str:
    """Ask for rows one by one, together, and as a table."""
    together = _asked(subject, subject.instances)
    one_by_one = [_asked(subject, [row])[0] for row in subject.instances]
    _equal(together, one_by_one, "one by one")
    _equal(together, _numbers(subject.scorer.batch(subject.rows, lenient=True)), "as a table")
    return f"{len(together)} rows"


def ignores_the_order(subject: Subject) -> str:
    """Ask for rows backwards, and with their columns in another order."""
    straight = _asked(subject, subject.instances)
    _equal(straight, _asked(subject, subject.instances[::-1])[::-1], "backwards")
    shuffled = [dict(reversed(row.items())) for row in subject.instances]
    _equal(straight, _asked(subject, shuffled), "with their columns backwards")
    return f"{len(straight)} rows, backwards and with their columns backwards"


def answers_alike_twice(subject: Subject) -> str:
    """Ask twice, by two scorers that were loaded apart."""
    from keepwell.operations.build.judge import open_scorer

    again = open_scorer(subject.bench, subject.model)
    _equal(
        _asked(subject, subject.instances), _numbers(again.rows(subject.instances)), "loaded anew"
    )
    return f"{len(subject.instances)} rows, by two copies"


def ignores_what_it_does_not_know(subject: Subject) -> str:
    """Add a column that no training saw, and write whole numbers without a point."""
    plain = _asked(subject, subject.instances)
    more = [{**row, "keepwell_never_seen": "x"} for row in subject.instances]
    _equal(plain, _asked(subject, more), "with a column more")
    whole = [
        {k: int(v) if isinstance(v, float) and v.is_integer() else v for k, v in row.items()}
        for row in subject.instances
    ]
    _equal(plain, _asked(subject, whole), "with whole numbers written whole")
    return f"{len(plain)} rows with a column more"


def refuses_what_is_wrong(subject: Subject) -> str:
    """Send text where a number belongs: it must be refused by the column's name."""
    numeric = (ColumnType.NUMBER, ColumnType.INTEGER)
    fields = [item for item in subject.model.signature.inputs if item.type in numeric]
    if not fields:
        raise NotApplicable("the model takes no numbers")
    for item in fields:
        try:
            subject.scorer.rows([{**subject.instances[0], item.name: "not a number"}])
        except InvalidRequestError as refusal:
            if item.name not in refusal.what:
                raise Unmet(f"the refusal does not name '{item.name}': {refusal.what}") from None
        else:
            raise Unmet(f"'{item.name}' took the text 'not a number'")
    return f"{len(fields)} numeric columns"


def passed_its_gate(subject: Subject) -> str:
    """Look at the verdict that the version was registered with."""
    verdict = subject.model.gate
    if verdict is None:
        raise Unmet(f"version {subject.model.version} was never judged; keepwell run does it")
    failed = [f"{check.name}: {check.value:.4g}" for check in verdict.checks if not check.passed]
    if failed:
        raise Unmet("; ".join(failed))
    if not verdict.checks:
        return "no condition is set; `gate:` in keepwell.yaml sets some"
    return f"{len(verdict.checks)} conditions"


def _asked(subject: Subject, instances: list[dict[str, Any]]) -> list[Any]:
    return _numbers(subject.scorer.rows(instances))


def _numbers(scores: Any) -> list[Any]:
    probabilities = scores.probabilities
    return list(scores.predictions) if probabilities is None else probabilities.tolist()


def _equal(expected: list[Any], found: list[Any], how: str) -> None:
    import numpy as np

    if (
        expected
        and isinstance(expected[0], list)
        and expected[0]
        and not _is_number(expected[0][0])
    ):
        if expected != found:
            raise Unmet(f"answers differ when asked {how}")
        return
    apart = np.abs(np.asarray(expected, dtype=float) - np.asarray(found, dtype=float))
    scale = np.maximum(1.0, np.abs(np.asarray(expected, dtype=float)))
    worst = float((apart / scale).max(initial=0.0))
    if not worst <= _CLOSE:
        raise Unmet(f"answers differ by up to {worst:.3g} when asked {how}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


CHECKS = (
    Check(group="prediction", name="the model's files are whole", holds=has_whole_files),
    Check(group="prediction", name="the version passed its gate", holds=passed_its_gate),
    Check(
        group="prediction", name="one row is answered as many are", holds=answers_one_row_as_many
    ),
    Check(group="prediction", name="the order does not matter", holds=ignores_the_order),
    Check(group="prediction", name="two copies answer alike", holds=answers_alike_twice),
    Check(
        group="prediction",
        name="columns beyond the signature do not matter",
        holds=ignores_what_it_does_not_know,
    ),
    Check(group="prediction", name="a wrong type is refused by name", holds=refuses_what_is_wrong),
)
