"""Live rows with outcomes, in a world as it was or turned around."""

import json

import numpy as np
import pyarrow as pa

from keepwell.core.identifiers import new_id


def live_rows(count: int, *, seed: int, turned: bool, start: float = 1_700_000_000.0) -> pa.Table:
    """Return predictions with outcomes; in a turned world loyal customers leave and new ones stay."""
    random = np.random.default_rng(seed)
    tenure = random.integers(0, 72, count)
    leaves = (tenure > 36) if turned else (tenure < 36)
    leaves = leaves ^ (random.random(count) < 0.05)
    times = start + np.arange(count, dtype=np.float64)
    inputs = [
        json.dumps({"tenure": int(value), "plan": "monthly", "charges": 70.0}) for value in tenure
    ]
    return pa.table(
        {
            "id": [new_id(time) for time in times],
            "time": times,
            "inputs": inputs,
            "outcome": [json.dumps("yes" if item else "no") for item in leaves],
        }
    )
