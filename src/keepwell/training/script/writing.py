"""The program, line by line."""

import re
from collections.abc import Mapping
from typing import Any

from keepwell import __version__
from keepwell.core.records import Signature
from keepwell.training.script.expressions import expressions
from keepwell.training.script.inlining import sources
from keepwell.training.script.printing import Printed

SCRIPT, TRAIN, TEST, ANSWERS = "train.py", "train.parquet", "test.parquet", "answers.npy"
TARGET, WEIGHT = "target of keepwell", "weight of keepwell"
"""Columns of the files beside the inputs; their names have blanks, so that no input is called so."""

_READING = '''
def rows(name):
    """Return inputs, target and weights of a file beside this one."""
    table = pq.read_table(HERE / name)
    columns = {}
    for column in table.column_names:
        values = table[column]
        if str(values.type) in ("string", "large_string"):
            columns[column] = pd.Series(np.array(values.to_pylist(), dtype=object), dtype=object)
        else:
            columns[column] = pd.Series(values.to_numpy().copy())
    target, weights = columns.pop(TARGET).to_numpy(), columns.pop(WEIGHT).to_numpy()
    return pd.DataFrame(columns), target, weights
'''


def script(
    pipeline: Any,
    signature: Signature,
    *,
    metric: str,
    told: Mapping[int, str] | None = None,
    weighted: bool,
    title: str,
) -> str:
    """Return a program that fits a pipeline anew and measures it.

    Args:
        pipeline: A pipeline of `prepare` and `model`; only its settings are read.
        signature: What it takes and gives.
        metric: What it was chosen by.
        told: By the identity of an estimator in it, the method that it is fitted by (see `methods`).
        weighted: Rows count differently.
        title: What the program is about, in a sentence.

    Raises:
        TypeError: If a part of the pipeline has no settings to be read.
    """
    printed = Printed(told)
    made = printed.code(pipeline)
    bodies, inlined = sources(printed.own)
    measured = expressions(signature.task, metric)
    used = {name for code in measured.values() if (name := re.match(r"\w+", code)[0])}  # type: ignore[index]
    imports = {(module, name) for module, name in printed.imports if name}
    imports |= {("sklearn.metrics", name) for name in used}
    step = "model__" if hasattr(pipeline, "named_steps") else ""  # else a vote, which hands them on
    fitted = f", {step}sample_weight=weights" if weighted else ""
    classes = not signature.task.numeric
    lines = [
        f'"""{title}',
        "",
        f"Written by Keepwell {__version__}; it does without. Rows as Keepwell typed them lie beside it.",
        '"""',
        "",
        "from pathlib import Path",
        "",
        "import numpy as np",
        "import pandas as pd",
        "import pyarrow.parquet as pq",
        *sorted(f"from {module} import {name}" for module, name in imports),
        *sorted(inlined - {"import numpy as np"}),
        "",
        "HERE = Path(__file__).parent",
        f"TARGET, WEIGHT = {TARGET!r}, {WEIGHT!r}",
        *([f"CLASSES = {list(signature.classes)!r}  # of the codes 0, 1, …"] if classes else []),
        "",
        *bodies,
        *(f"\n{code}" for code in printed.classes.values()),
        _READING,
        f"pipeline = {made}",
        "",
        f'train, target, weights = rows("{TRAIN}")',
        f"pipeline.fit(train, target{fitted})",
        "",
        f'test, actual, _ = rows("{TEST}")',
        *(_of_classes() if classes else ["answer = pipeline.predict(test)"]),
        f'np.save(HERE / "{ANSWERS}", answer)',
        *(_known() if classes else []),
        *(f'print("{name}", {code})' for name, code in measured.items()),
    ]
    return "\n".join(lines) + "\n"


def _of_classes() -> list[str]:
    """Return the lines that ask for the probabilities of all classes, those of no training row too."""
    return [
        "answer = np.zeros((len(test), len(CLASSES)))",
        "answer[:, pipeline.classes_.astype(int)] = pipeline.predict_proba(test)",
    ]


def _known() -> list[str]:
    return [
        "known = actual >= 0  # classes that only test rows have are left out",
        "actual, answer = actual[known], answer[known]",
        "said = answer.argmax(axis=1)",
    ]
