"""Versions, files and services on the same rows: who is better, and what follows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rival_services import rivals

from keepwell.core.errors import NotFoundError, UnavailableError, UsageError
from keepwell.core.progress import SilentProgress
from keepwell.core.records import ColumnType, Estimate, Field, Signature, Task
from keepwell.operations.alternatives import (
    Contender,
    Contest,
    Result,
    hold_contest,
    open_contender,
)
from keepwell.operations.alternatives.cascade import combine
from keepwell.operations.alternatives.contenders import KEY, Answer
from keepwell.operations.alternatives.entry import prices_of, run_contest
from keepwell.operations.alternatives.frontier import on_the_frontier
from keepwell.operations.alternatives.pricing import Prices
from keepwell.workspace import Workspace

SIGNATURE = Signature(
    task=Task.BINARY,
    target="churn",
    classes=("no", "yes"),
    inputs=(Field(name="x", type=ColumnType.NUMBER),),
)
NUMBERS = Signature(task=Task.REGRESSION, target="price", inputs=SIGNATURE.inputs)
ROWS = [{"x": float(at)} for at in range(200)]
TRUTH = ["yes" if at % 3 == 0 else "no" for at in range(200)]
TRUE_OF = dict(zip((row["x"] for row in ROWS), TRUTH, strict=True))


def knows(row: Mapping[str, Any]) -> str:
    return TRUE_OF[row["x"]]


def somebody(name: str, kind: str, wrong: Any, sure: Any = lambda row: 0.9) -> Contender:
    """Answer rightly but where `wrong` says."""

    def ask(row: Mapping[str, Any]) -> Answer:
        right = knows(row)
        value = {"yes": "no", "no": "yes"}[right] if wrong(row) else right
        return Answer(value=value, confidence=sure(row))

    return Contender(name=name, kind=kind, ask=ask)


def contest(*contenders: Contender, prices: Prices | None = None, **limits: Any) -> Contest:
    return hold_contest(
        contenders,
        SIGNATURE,
        ROWS,
        TRUTH,
        prices=prices or Prices(),
        progress=SilentProgress(),
        **limits,
    )


def result(found: Contest, name: str) -> Result:
    return next(item for item in found.results if item.name == name)


def test_asks_a_service_and_a_language_model_and_counts_their_tokens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(KEY, "sk-test")
    seen: list[Any] = []
    with rivals(knows, seen) as address:
        service = open_contender(f"{address}/predict", SIGNATURE)
        model = open_contender(f"openai:{address}/v1#small", SIGNATURE)
        found = contest(
            service,
            model,
            prices=prices_of([f"{service.name}=0.5"], None, "1.0,10.0"),
        )
    assert result(found, service.name).quality.value == 1.0
    assert result(found, service.name).cost == 0.5
    assert result(found, "small").quality.value == 1.0  # " YES." is yes
    assert result(found, "small").cost == pytest.approx((100 * 1.0 + 2 * 10.0) / 1e6 * 1000)
    assert all(item.latency_p95_ms >= item.latency_ms > 0 for item in found.results)
    path, asked, headers = next(item for item in seen if item[0] == "/v1/chat/completions")
    assert asked["model"] == "small"
    assert "exactly one of: no, yes" in asked["messages"][0]["content"]
    assert headers["Authorization"] == "Bearer sk-test"
    assert path.endswith("/chat/completions")


def test_asks_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "rule.py"
    file.write_text(
        "# a rule\ndef predict(rows):\n"
        "    return [{'yes': 0.8 - 0.7 * bool(row['x'] % 3), 'no': 0.5} for row in rows]\n"
    )
    rule = open_contender(str(file), SIGNATURE)
    found = contest(rule, prices=Prices(machine=3.6))
    assert result(found, "rule.py").quality.value == 1.0
    assert rule.effort == "2 lines of code"
    cost = result(found, "rule.py").cost
    assert cost is not None
    assert 0 < cost < 1


def test_counts_answers_that_are_none_as_wrong() -> None:
    def ask(row: Mapping[str, Any]) -> Answer:
        if row["x"] % 2:
            raise ValueError("no idea")
        return Answer(value="perhaps" if row["x"] == 0 else knows(row))

    found = contest(Contender(name="moody", kind="service", ask=ask))
    assert result(found, "moody").unanswered == 101
    assert result(found, "moody").quality.value == pytest.approx(0.495)


def test_gives_up_on_who_never_answers() -> None:
    nobody = open_contender("http://127.0.0.1:9/predict", SIGNATURE)
    with pytest.raises(UnavailableError, match="did not answer"):
        contest(nobody)
    with rivals(knows) as address:
        lost = open_contender(f"{address}/elsewhere", SIGNATURE)
        with pytest.raises(UnavailableError, match="does not answer with predictions"):
            contest(lost)


def test_says_build_where_the_service_is_worse() -> None:
    found = contest(
        somebody("shop/1", "version", lambda row: row["x"] % 20 == 0),
        somebody("api", "service", lambda row: row["x"] % 3 == 0),
    )
    assert found.advice == "build"
    assert "shop/1 is better than api: accuracy 0.95 against 0.665" in found.reasons[0]


def test_says_buy_where_the_service_is_better_and_knows_no_less_anywhere() -> None:
    found = contest(
        somebody("shop/1", "version", lambda row: row["x"] % 3 == 0),
        somebody("api", "service", lambda row: row["x"] % 20 == 0),
    )
    assert found.advice == "buy"


def test_says_combine_where_one_knows_what_it_does_not_know() -> None:
    hard = [row["x"] for row in ROWS if row["x"] % 5 in (0, 1)]
    ours = somebody(
        "shop/1",
        "version",
        lambda row: row["x"] in hard,
        lambda row: 0.55 if row["x"] in hard else 0.95,
    )
    found = contest(
        ours,
        somebody("api", "service", lambda row: row["x"] not in hard and row["x"] % 4 == 0),
        prices=prices_of(["shop/1=0.01", "api=1"], None, ""),
    )
    assert found.advice == "combine"
    both = result(found, "shop/1 → api")
    assert both.kind == "cascade"
    assert both.quality.value == 1.0
    assert both.cost == pytest.approx(0.01 + 0.4)


def test_picks_the_best_within_limits() -> None:
    dear = somebody("dear", "service", lambda row: False)
    cheap = somebody("cheap", "service", lambda row: row["x"] % 4 == 0)
    prices = prices_of(["dear=10", "cheap=1"], None, "")
    assert contest(dear, cheap, prices=prices).pick == "dear"
    assert contest(dear, cheap, prices=prices, max_cost=5).pick == "cheap"
    assert contest(dear, cheap, prices=prices, max_cost=0.5).pick == ""
    assert contest(dear, cheap, max_cost=5).pick == ""  # a cost that nobody stated keeps no limit
    assert contest(dear, cheap, prices=prices, max_latency_ms=1e-9).pick == ""


def test_measures_distances_of_numbers() -> None:
    near = Contender(name="near", kind="file", ask=lambda row: Answer(value=row["x"] + 1))
    far = Contender(name="far", kind="service", ask=lambda row: Answer(value=f"{row['x'] - 3}"))
    actual = [row["x"] for row in ROWS]
    found = hold_contest(
        [near, far], NUMBERS, ROWS, actual, prices=Prices(), progress=SilentProgress()
    )
    assert found.metric == "mae"
    assert [item.quality.value for item in found.results] == [1.0, 3.0]
    assert (found.pick, found.advice) == ("near", "build")


def point(name: str, quality: float, latency: float, cost: float | None) -> Result:
    return Result(
        name=name,
        kind="service",
        quality=Estimate(value=quality),
        latency_ms=latency,
        latency_p95_ms=latency,
        cost=cost,
        effort="",
    )


def test_marks_who_is_beaten_in_everything() -> None:
    marked = on_the_frontier(
        [
            point("a", 0.9, 5, 1),
            point("b", 0.8, 1, 1),
            point("c", 0.8, 6, 2),
            point("d", 0.7, 9, None),
        ]
    )
    assert [item.frontier for item in marked] == [True, True, False, True]
    less = on_the_frontier([point("a", 3, 5, 1), point("b", 2, 5, 1)], more=False)
    assert [item.frontier for item in less] == [False, True]


def test_chooses_the_threshold_on_other_rows_than_it_is_judged_on() -> None:
    sure = np.linspace(0, 1, 100)
    found = combine(("a", "b"), sure, sure > 0.5, np.ones(100, dtype=bool))
    assert found.rows.tolist() == list(range(1, 100, 2))
    assert found.right.all()
    assert 0.4 < found.threshold < 0.6
    assert found.passed_on == pytest.approx(0.5, abs=0.06)


def test_asks_versions_of_a_project_the_rows_that_none_has_learnt_from(judged: Workspace) -> None:
    versions = [judged.registry.get("shop", number) for number in (1, 2)]
    with rivals(lambda row: "yes" if row["plan"] == "monthly" else "no") as address:
        found = run_contest(
            judged.bench,
            versions,
            [f"{address}/predict"],
            None,
            limit=60,
            prices=Prices(),
            max_latency_ms=None,
            max_cost=None,
            progress=SilentProgress(),
        )
    assert found.rows == 60
    assert [item.kind for item in found.results[:3]] == ["version", "version", "service"]
    assert result(found, "shop/1").effort.endswith("lines of configuration")
    assert result(found, "shop/1").unanswered == 0


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        ("model.onnx", UsageError, "nothing that could answer rows"),
        ("absent.py", NotFoundError, "there is no file absent.py"),
    ],
)
def test_refuses_what_cannot_answer(source: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        open_contender(source, SIGNATURE)


@pytest.mark.parametrize(("stated", "tokens"), [(["api"], ""), (["api=dear"], ""), ([], "1")])
def test_refuses_prices_that_cannot_be_read(stated: list[str], tokens: str) -> None:
    with pytest.raises(UsageError, match="prices cannot be read"):
        prices_of(stated, None, tokens)
