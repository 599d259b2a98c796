"""What a recommender is asked: a list for each user, measured against what they went on to take."""

import numpy as np
import pyarrow as pa

from keepwell.core.records import ColumnType, Signature
from keepwell.core.spec import DataSpec
from keepwell.tracking.metrics.top_k import LONGEST, Wanted
from keepwell.training.tasks.exams import Exam
from keepwell.training.tasks.ranking.events import ITEMS, called, user_text

MOST_USERS = 2_000


def ranking_exam(signature: Signature, table: pa.Table, data: DataSpec, catalogue: int) -> Exam:
    """Return a row per user of these events, and what each of them took.

    Args:
        signature: Its first input is the user, its second how many items are asked for.
        table: Events that were not learnt from.
        data: Names the item's column, unless it goes by a usual name.
        catalogue: How many items may be recommended.
    """
    user, count = (field.name for field in signature.inputs[:2])
    item = data.item or called(table.column_names, ITEMS)
    wanted: dict[str, set[object]] = {}
    for who, what in zip(table[user].to_pylist(), table[item].to_pylist(), strict=True):
        if who is not None and what is not None:
            wanted.setdefault(user_text(who), set()).add(what)
    names = sorted(wanted)
    if len(names) > MOST_USERS:
        drawn = np.random.default_rng(0).permutation(len(names))[:MOST_USERS]
        names = [names[at] for at in np.sort(drawn)]
    asked = pa.table({user: pa.array(names, pa.string()), count: [float(LONGEST)] * len(names)})
    for field in signature.inputs[2:]:  # what is known of users is known already
        numeric = field.type in (ColumnType.NUMBER, ColumnType.INTEGER)
        kind = pa.float64() if numeric else pa.string()
        if field.type is ColumnType.DATETIME:
            kind = pa.timestamp("us", tz="UTC")
        asked = asked.append_column(field.name, pa.nulls(len(names), kind))
    return Exam(
        table=asked,
        actual=Wanted(items=[wanted[name] for name in names], catalogue=catalogue),
    )
