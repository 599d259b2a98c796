import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from keepwell.monitoring.labels import Label, Labels, label_texts, read_numbers


def column(*values: Any) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array([json.dumps(value) for value in values])])


@pytest.mark.parametrize(
    ("classes", "values", "meant"),
    [
        (("No", "Yes"), ["Yes", "no", 1], ["Yes", None, None]),
        ((0, 1), [1, 1.0, "1", True, "x", 2], [1, 1, 1, 1, None, None]),
        (("0", "1"), [1, "1", 0.0], ["1", "1", "0"]),
        ((False, True), [True, "true", 1, "0", "maybe"], [True, True, True, False, None]),
        ((1.5, 2.5), ["1.5", 2.5], [1.5, 2.5]),
        (("1", "one"), [1, "1", "one"], ["1", "1", "one"]),
    ],
)
def test_labels_are_compared_by_what_they_mean(
    classes: tuple[Label, ...], values: list[Any], meant: list[Label | None]
) -> None:
    assert Labels(classes).read(column(*values)) == meant


def test_numbers_may_be_written_as_text() -> None:
    seen = read_numbers(column(1, 2.5, "3.5", "x", None))
    assert seen[:3].tolist() == [1.0, 2.5, 3.5]
    assert np.isnan(seen[3:]).all()


def test_labels_are_written_as_profiles_do() -> None:
    assert label_texts(column("Yes", 1, True, 2.5)).to_pylist() == ["Yes", "1", "true", "2.5"]
