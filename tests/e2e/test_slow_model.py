"""A model that takes longer than it may: its time limit trips at the real port, and the fallback answers."""

import time
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import TYPE_CHECKING

import numpy as np
from outside import Served, keepwell, keepwell_json

from keepwell import Project

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.ensemble import BaggingClassifier

ROW = {"tenure": 2, "charges": 95.5}
LIMIT = 0.01  # seconds: long for the version before, short for this one


def slow_model(rows: "pd.DataFrame", churn: "pd.Series[str]") -> "BaggingClassifier":
    """Return a model that honestly takes its time: four hundred searches for neighbours answer each row."""
    from sklearn.ensemble import BaggingClassifier
    from sklearn.neighbors import KNeighborsClassifier

    member = KNeighborsClassifier(metric="canberra", algorithm="brute")
    return BaggingClassifier(member, n_estimators=400, max_samples=20, random_state=0).fit(
        rows, churn
    )


def test_a_slow_model_trips_its_limit_and_the_fallback_answers(
    trained_template: Path, tmp_path: Path, free_port: int
) -> None:
    import pandas as pd

    project = tmp_path / "shop"
    source = trained_template.parent / "customers.csv"
    (tmp_path / "customers.csv").write_bytes(source.read_bytes())
    copytree(trained_template, project, ignore=ignore_patterns("*.sock"))
    table = pd.read_csv(source)[["tenure", "charges", "churn"]]
    seen, held = table.iloc[:400], table.iloc[400:440]
    model = slow_model(seen.drop(columns="churn"), seen["churn"])
    began = time.perf_counter()
    model.predict_proba(seen[["tenure", "charges"]].iloc[:1])
    assert time.perf_counter() - began > LIMIT  # it is slow indeed
    with Project(project) as opened:
        version = opened.register(model, held, "churn").version
    keepwell("deploy", str(version), "--force", cwd=project)
    limit = f"{LIMIT * 1000:g}"
    keepwell("flags", "fallback", "previous", '"no"', "--limit-ms", limit, cwd=project)
    server = Served(project, free_port)
    try:
        server.wait_ready()
        row = ROW | {"plan": "monthly"}  # which the version before needs
        answers = [
            server.http.post("/endpoints/shop/predict", json={"instances": [row]}) for _ in range(4)
        ]
        assert [answer.status_code for answer in answers] == [200] * 4
        for answer in answers:
            assert answer.headers["x-keepwell-fallback"] == "1"
            assert answer.json()["fallback"]["by"] == ["previous"]
        took = float(np.median([float(answer.headers["x-latency-ms"]) for answer in answers]))
        assert took < 10_000  # nobody waited for the model beyond its limit by much
        told = keepwell_json("predictions", "--limit", "4", cwd=project)["predictions"]
        assert {one["version"] for one in told} == {version - 1}
        keepwell("flags", "fallback", "previous", "--limit-ms", "60000", cwd=project)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:  # workers follow within a second
            answer = server.http.post("/endpoints/shop/predict", json={"instances": [row]})
            if answer.status_code == 200 and "x-keepwell-fallback" not in answer.headers:
                break
        assert answer.json()["model"]["version"] == version
    finally:
        server.stop()
