"""Declared features held against the columns: what does not fit is refused, what leaks is left out."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import TrainingError
from keepwell.core.features import Derived, FeaturesSpec, Steps
from keepwell.core.records import ColumnType, Signature
from keepwell.core.suggestions import did_you_mean
from keepwell.features.declared import Plan, derived_steps
from keepwell.features.preparation import NUMERIC
from keepwell.training.engineering.labels import label_of
from keepwell.training.guards.copies import copies
from keepwell.training.guards.evidence import Evidence
from keepwell.training.guards.singles import singles
from keepwell.training.problem import Problem
from keepwell.training.trained import Finding

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NUMBERS = (*NUMERIC, ColumnType.DATETIME)
_MOST_ROWS = 20_000
_CATEGORY_ONLY, _NUMBER_ONLY = ("encode",), ("clip", "log", "bins", "scale")


def checked(
    features: FeaturesSpec, signature: Signature, known: Sequence[str]
) -> tuple[FeaturesSpec, tuple[Finding, ...]]:
    """Return what of the declared features goes with the model's inputs.

    A column that is known but no input (it was left out as a leak, as an identifier) takes what is derived
    from it along.

    Raises:
        TrainingError: If a column is unknown, or of a kind that the steps are not for.
    """
    kinds = {field.name: field.type for field in signature.inputs}
    _must_be_known([*features.columns, *(n for one in features.derive for n in one.columns)], known)
    for name, steps in features.columns.items():
        if name in kinds:
            _fits(name, steps, kinds[name])
    found: list[Finding] = []
    derive: list[Derived] = []
    for one in features.derive:
        gone = [name for name in one.columns if name not in kinds]
        if gone:
            message = f"'{one.name}' is not derived: '{gone[0]}' is not among the inputs"
            found.append(Finding(column=one.name, message=message, dropped=True, kind="feature"))
            continue
        _derivable(one, kinds)
        derive.append(one)
    columns = {name: steps for name, steps in features.columns.items() if name in kinds}
    return replace(features, columns=columns, derive=tuple(derive)), tuple(found)


def _must_be_known(names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise TrainingError(
                f"`features:` names the column '{name}', which the data does not have",
                why=f"its columns are {', '.join(known[:20])}",
                now=did_you_mean(name, known) or "correct the name in keepwell.yaml",
            )


def _fits(name: str, steps: Steps, kind: ColumnType) -> None:
    wrong: tuple[str, ...] = _CATEGORY_ONLY if kind in NUMERIC else _NUMBER_ONLY
    if kind not in (*NUMERIC, ColumnType.CATEGORY):
        wrong = (*_CATEGORY_ONLY, *_NUMBER_ONLY, "impute")
    given = [step for step in wrong if getattr(steps, step) not in (None, False)]
    mismatched = kind in NUMERIC and isinstance(steps.impute, str)
    if mismatched and steps.impute not in ("median", "mean", "most_frequent"):
        given.append("impute")
    if given:
        raise TrainingError(
            f"`{given[0]}` under `features.columns.{name}` does not go with the column",
            why=f"'{name}' is of type {kind.value}",
            now=f"take `{given[0]}` away, or correct the type with `types:` under `data:`",
        )


def _derivable(one: Derived, kinds: dict[str, ColumnType]) -> None:
    wanted: list[tuple[str, tuple[ColumnType, ...]]] = []
    if one.kind == "formula":
        wanted = [(name, _NUMBERS) for name in one.columns]
    elif one.kind == "group":
        wanted = [(name, (ColumnType.CATEGORY,)) for name in one.columns[:-1]]
        wanted.append((one.columns[-1], _NUMBERS))
    elif one.kind == "text":
        wanted = [(one.columns[0], (ColumnType.TEXT, ColumnType.CATEGORY))]
    else:
        wanted = [(one.columns[0], (ColumnType.CATEGORY,))]
    for name, types in wanted:
        if kinds[name] not in types:
            raise TrainingError(
                f"'{one.name}' under `features.derive` cannot be made of '{name}'",
                why=f"'{name}' is of type {kinds[name].value}; it takes "
                f"{' or '.join(kind.value for kind in types)}",
                now="name another column, or correct the type with `types:` under `data:`",
            )


def leaks(problem: Problem, derived: Sequence[Derived]) -> dict[str, Finding]:
    """Return by name those of some derived features that give the target away, as the guards see it."""
    columns: dict[str, NDArray[np.float64]] = {}
    rows = np.arange(problem.rows)
    if problem.rows > _MOST_ROWS:
        rows = np.sort(np.random.default_rng(problem.seed).permutation(rows)[:_MOST_ROWS])
    for one in derived:
        values = fitted_values(problem, one, rows)
        columns |= {
            one.name if at == 0 else f"{one.name} {at}": values[:, at]
            for at in range(values.shape[1])
        }
    evidence = Evidence(
        target=problem.signature.target,
        task=problem.task,
        actual=problem.target[rows],
        numbers=columns,
        codes={},
    )
    found = [*copies(evidence), *singles(evidence)]
    return {
        one.name: finding
        for one in derived
        for finding in found
        if finding.dropped and finding.column == one.name
    }


def fitted_values(problem: Problem, one: Derived, rows: Any) -> "NDArray[np.float64]":
    """Return the values of a derived feature of some rows that it is fitted on."""
    plan = Plan(flavour="tree", choices={}, task=problem.task)
    frame = problem.frame.iloc[rows][list(one.columns)]
    values = derived_steps(plan, one).fit_transform(frame, problem.target[rows])
    return np.asarray(values, dtype=np.float64)


def without_leaks(
    problem: Problem, keep: Sequence[str]
) -> tuple[FeaturesSpec, tuple[Finding, ...]]:
    """Return the declared features without those that give the target away, and what was found."""
    features = problem.features
    suspects = [one for one in features.derive if one.name not in keep]
    found = leaks(problem, suspects)
    left = tuple(one for one in features.derive if one.name not in found)
    findings = []
    for one in suspects:
        if one.name in found:
            message = (
                f"'{one.name}' ({label_of(one)}) gives the target away: {found[one.name].message}; "
                "left out as a leak (`keep:` under `data:` brings it back)"
            )
            findings.append(Finding(column=one.name, message=message, dropped=True, kind="feature"))
    return replace(features, derive=left), tuple(findings)
