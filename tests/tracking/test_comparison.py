from keepwell.core.records import Estimate, Run
from keepwell.tracking.comparison import compare


def run(name: str, low: float, **params: str | float) -> Run:
    auc = Estimate(value=low + 0.02, low=low, high=low + 0.04)
    return Run(id=name, project="churn", params={**params}, metrics={"roc_auc": auc})


def test_only_what_differs_is_shown() -> None:
    seen = compare([run("a", 0.80, folds=5, rate=0.1), run("b", 0.81, folds=5)])
    assert seen.runs == ("a", "b")
    assert seen.params == {"rate": (0.1, None)}


def test_a_difference_within_chance_is_not_one() -> None:
    assert compare([run("a", 0.80), run("b", 0.81)]).apart == ()
    assert compare([run("a", 0.80), run("b", 0.85)]).apart == ("roc_auc",)


def test_a_metric_that_one_run_lacks_is_none() -> None:
    other = Run(id="b", project="churn", metrics={"f1": Estimate(value=0.5)})
    seen = compare([run("a", 0.80), other])
    assert seen.metrics["f1"] == (None, Estimate(value=0.5))
    assert seen.apart == ()
