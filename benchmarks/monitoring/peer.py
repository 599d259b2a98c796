"""Another tool on the same two Parquet files; run by the interpreter that has it, which has no Keepwell.

    /path/to/python benchmarks/monitoring/peer.py evidently reference.parquet current.parquet

Prints one line of JSON: seconds of the fit and of the comparison, peak memory and the columns found.
"""

import json
import resource
import sys
import time
import warnings
from typing import Any

import pandas as pd  # noqa: TID253 - other tools take nothing else


def evidently(reference: pd.DataFrame, current: pd.DataFrame) -> list[str]:
    """Return what Evidently's preset calls drifted, with its default tests."""
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


def nannyml(reference: pd.DataFrame, current: pd.DataFrame) -> list[str]:
    """Return the columns for which NannyML's univariate calculator alerts (Jensen-Shannon, one chunk)."""
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
    result = calculator.calculate(current).filter(period="analysis").to_df()
    alerts = result.xs("alert", axis=1, level=2)
    return [name for name in reference if bool(alerts[name].iloc[:, 0].mean() >= 0.5)]


def alibi(reference: pd.DataFrame, current: pd.DataFrame) -> list[str]:
    """Return what alibi-detect's mixed-type test finds (KS, chi-squared, false discovery rate)."""
    from alibi_detect.cd import TabularDrift

    labels = [at for at, name in enumerate(reference) if name.startswith("c")]
    codes: dict[str, dict[Any, int]] = {
        name: {label: at for at, label in enumerate(sorted(reference[name].astype(str).unique()))}
        for name in reference
        if name.startswith("c")
    }
    plain = [
        frame.assign(**{name: frame[name].astype(str).map(codes[name]) for name in codes}).to_numpy(
            dtype="float64"
        )
        for frame in (reference, current)
    ]
    detector = TabularDrift(
        plain[0], p_val=0.05, categories_per_feature=dict.fromkeys(labels), correction="fdr"
    )
    answer = detector.predict(plain[1], drift_type="feature")["data"]
    return [name for name, drifted in zip(reference, answer["is_drift"], strict=True) if drifted]


TOOLS = {"evidently": evidently, "nannyml": nannyml, "alibi": alibi}


def main() -> None:
    """Run one tool once."""
    warnings.simplefilter("ignore")
    name, *paths = sys.argv[1:]
    reference, current = (pd.read_parquet(path) for path in paths)
    start = time.perf_counter()
    found = TOOLS[name](reference, current)
    print(
        json.dumps(
            {
                "fit": 0.0,
                "seconds": time.perf_counter() - start,
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "found": found,
            }
        )
    )


if __name__ == "__main__":
    main()
