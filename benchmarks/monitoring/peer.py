"""Another tool on the same two Parquet files; run by the interpreter that has it, which has no Keepwell.

    /path/to/python benchmarks/monitoring/peer.py evidently reference.parquet current.parquet

Prints one line of JSON: seconds of the fit and of the comparison, peak memory and the columns found. A tool
learns from the reference what it can (the fit) and compares after that; before the clock starts it has
compared a few rows, so that loading libraries is not timed.
"""

import json
import os
import resource
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import pandas as pd  # noqa: TID253 - other tools take nothing else

Comparison = Callable[[pd.DataFrame], list[str]]
FEW = 2_000


def evidently(reference: pd.DataFrame) -> Comparison:
    """Compare as Evidently's preset does, with its default tests; it learns nothing beforehand."""
    return lambda current: _evidently(reference, current)


def _evidently(reference: pd.DataFrame, current: pd.DataFrame) -> list[str]:
    from evidently import Report
    from evidently.presets import DataDriftPreset

    found = json.loads(Report([DataDriftPreset()]).run(current, reference).json())
    drifted = []
    for metric in found["metrics"]:
        config = metric.get("config") or {}
        name, threshold = config.get("column"), config.get("threshold")
        if not name or threshold is None or not isinstance(metric["value"], (int, float)):
            continue
        is_p_value = "p_value" in str(config.get("method", ""))
        value = metric["value"]
        if (value < threshold) if is_p_value else (value >= threshold):
            drifted.append(name)
    return drifted


def nannyml(reference: pd.DataFrame) -> Comparison:
    """Find the columns for which NannyML's univariate calculator alerts (Jensen-Shannon, ten chunks)."""
    import nannyml as nml

    numbers = [name for name in reference if name.startswith("n")]
    labels = [name for name in reference if name.startswith("c")]
    calculator = nml.UnivariateDriftCalculator(
        column_names=[*numbers, *labels],
        treat_as_categorical=labels,
        continuous_methods=["jensen_shannon"],
        categorical_methods=["jensen_shannon"],
        chunk_number=10,
    )
    calculator.fit(reference)

    def compare(current: pd.DataFrame) -> list[str]:
        result = calculator.calculate(current).filter(period="analysis").to_df()
        alerts = result.xs("alert", axis=1, level=2)
        return [name for name in reference if bool(alerts[name].iloc[:, 0].mean() >= 0.5)]

    return compare


def alibi(reference: pd.DataFrame) -> Comparison:
    """Find what alibi-detect's mixed-type test does (KS, chi-squared, false discovery rate)."""
    from alibi_detect.cd import TabularDrift

    labels = [at for at, name in enumerate(reference) if name.startswith("c")]
    codes: dict[str, dict[Any, int]] = {
        name: {label: at for at, label in enumerate(sorted(reference[name].astype(str).unique()))}
        for name in reference
        if name.startswith("c")
    }

    def plain(frame: pd.DataFrame) -> Any:
        coded = {name: frame[name].astype(str).map(codes[name]) for name in codes}
        return frame.assign(**coded).to_numpy(dtype="float64")

    detector = TabularDrift(
        plain(reference), p_val=0.05, categories_per_feature=dict.fromkeys(labels), correction="fdr"
    )

    def compare(current: pd.DataFrame) -> list[str]:
        answer = detector.predict(plain(current), drift_type="feature")["data"]
        pairs = zip(reference, answer["is_drift"], strict=True)
        return [name for name, drifted in pairs if drifted]

    return compare


TOOLS = {"evidently": evidently, "nannyml": nannyml, "alibi": alibi}


def main() -> None:
    """Run one tool once."""
    warnings.simplefilter("ignore")
    # Else they call home, and where there is no network, wait for an answer.
    os.environ |= {"NML_DISABLE_USAGE_LOGGING": "1", "DO_NOT_TRACK": "1"}
    name, *paths = sys.argv[1:]
    reference, current = (pd.read_parquet(path) for path in paths)
    TOOLS[name](reference.head(FEW))(current.head(FEW))
    start = time.perf_counter()
    compare = TOOLS[name](reference)
    fitted = time.perf_counter()
    found = compare(current)
    print(
        json.dumps(
            {
                "fit": fitted - start,
                "seconds": time.perf_counter() - fitted,
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "found": found,
            }
        )
    )


if __name__ == "__main__":
    main()
