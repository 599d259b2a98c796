"""Contributions add up to the model's own output, and belong to the columns that they are told of."""

import itertools
import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keepwell.core.errors import InvalidRequestError
from keepwell.core.records import Column, ColumnType, Profile, Task
from keepwell.data.profiles import profile_table
from keepwell.deployment.explaining import Explainer, Explanation, typical_rows
from keepwell.deployment.explaining.sampled import walk
from keepwell.deployment.scoring import load_scorer
from keepwell.deployment.scoring.original import dump_pipeline

Row = dict[str, Any]
KINDS = {
    "age": ColumnType.NUMBER,
    "visits": ColumnType.INTEGER,
    "member": ColumnType.BOOLEAN,
    "colour": ColumnType.CATEGORY,
    "since": ColumnType.DATETIME,
    "note": ColumnType.TEXT,
}
ROWS = st.fixed_dictionaries(
    {
        "age": st.none() | st.floats(0, 100),
        "visits": st.integers(-5, 60),
        "member": st.booleans(),
        "colour": st.none() | st.sampled_from(["red", "green", "blue", "7", "unseen"]),
        "since": st.datetimes().map(lambda moment: moment.isoformat()),
        "note": st.sampled_from(["good day", "bad luck", "", "none of it"]),
    }
)
EXACT = [
    (Task.BINARY, "tree", "tree-shap", "log-odds"),
    (Task.MULTICLASS, "tree", "tree-shap", "score"),
    (Task.REGRESSION, "tree", "tree-shap", "value"),
    (Task.BINARY, "linear", "linear", "log-odds"),
    (Task.MULTICLASS, "linear", "linear", "score"),
    (Task.REGRESSION, "linear", "linear", "value"),
]


def profile_of(made: Any) -> Profile:
    return profile_table(made.table, [Column(name=name, type=kind) for name, kind in KINDS.items()])


def explainer_of(made: Any) -> Explainer:
    typical = typical_rows(made.signature, profile_of(made))
    return Explainer.load(made.files.__getitem__, made.signature, typical)


def total(said: Explanation) -> float:
    return said.base + math.fsum(one.contribution for one in said.contributions)


@pytest.mark.parametrize(("task", "flavour", "method", "scale"), EXACT)
def test_exact_contributions_add_up_to_the_output(
    model_of: Callable[..., Any], task: Task, flavour: str, method: str, scale: str
) -> None:
    made = model_of(task, flavour=flavour)
    explainer = explainer_of(made)
    scorer = load_scorer(made.files.__getitem__, made.signature)

    @given(rows=st.lists(ROWS, min_size=1, max_size=4))
    @settings(
        max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    def holds(rows: list[Row]) -> None:
        scores = scorer.rows(rows)
        for at, said in enumerate(explainer.explain(rows)):
            assert (said.method, said.scale, said.exact) == (method, scale, True)
            assert total(said) == pytest.approx(said.output, rel=1e-9, abs=1e-9)
            assert said.prediction == scores.predictions[at]
            assert {one.column for one in said.contributions} == set(KINDS)
            if task is Task.REGRESSION:
                assert said.output == pytest.approx(said.prediction, rel=1e-9, abs=1e-9)
            if task is Task.BINARY:
                likely = 1 / (1 + math.exp(-said.output))
                assert said.explained == "Yes"
                assert likely == pytest.approx(said.probability, abs=1e-9)

    holds()


def test_the_scores_of_all_classes_are_the_models(model_of: Callable[..., Any], a_row: Row) -> None:
    for flavour in ("tree", "linear"):
        made = model_of(Task.MULTICLASS, flavour=flavour)
        explainer = explainer_of(made)
        scores = np.array([explainer.explain([a_row], of=label)[0].output for label in (1, 2, 3)])
        likely = np.exp(scores - scores.max())
        expected = load_scorer(made.files.__getitem__, made.signature).rows([a_row]).probabilities
        assert expected is not None
        assert likely / likely.sum() == pytest.approx(expected[0], abs=1e-9)


def test_either_of_two_classes_can_be_asked_about(model_of: Callable[..., Any], a_row: Row) -> None:
    explainer = explainer_of(model_of())
    yes, no = explainer.explain([a_row], of="Yes")[0], explainer.explain([a_row], of="No")[0]
    assert no.output == -yes.output
    assert no.base == -yes.base
    assert [-one.contribution for one in no.contributions] == [
        one.contribution for one in yes.contributions
    ]
    assert yes.probability is not None
    assert no.probability == pytest.approx(1 - yes.probability)


def test_linear_contributions_are_shapley_values_by_the_definition(
    model_of: Callable[..., Any], a_row: Row
) -> None:
    """By the definition: the mean over all orders, of a linear model, whose answer has no other."""
    made = model_of(Task.REGRESSION, flavour="linear")
    explainer = explainer_of(made)
    scorer = load_scorer(made.files.__getitem__, made.signature)
    typical = typical_rows(made.signature, profile_of(made))
    row = scorer.canonical([a_row])
    names = [field.name for field in made.signature.inputs]
    exact = {one.column: one.contribution for one in explainer.explain([a_row])[0].contributions}

    def mean_with(taken: frozenset[int]) -> float:
        columns = [
            np.repeat(row[at], len(typical[at])) if at in taken else typical[at]
            for at in range(len(names))
        ]
        return float(scorer.model.batch(columns).mean())

    places = range(len(names))
    for at, name in enumerate(names):
        share = 0.0
        for size in range(len(names)):
            for others in itertools.combinations([p for p in places if p != at], size):
                weight = math.factorial(size) * math.factorial(len(names) - size - 1)
                gain = mean_with(frozenset({*others, at})) - mean_with(frozenset(others))
                share += weight / math.factorial(len(names)) * gain
        assert share == pytest.approx(exact[name], abs=1e-8), name


def test_sampled_contributions_are_within_their_stated_error(
    model_of: Callable[..., Any], a_row: Row
) -> None:
    made = model_of(Task.BINARY)
    scorer = load_scorer(made.files.__getitem__, made.signature)
    typical = typical_rows(made.signature, profile_of(made))
    row = scorer.canonical([a_row])
    few = walk(scorer.model.batch, row, typical, until=time.monotonic() + 60, seed=1)
    again = walk(scorer.model.batch, row, typical, until=time.monotonic() + 60, seed=1)
    assert (few.values == again.values).all()
    others = [
        walk(scorer.model.batch, row, typical, until=time.monotonic() + 60, seed=seed)
        for seed in range(2, 8)
    ]
    best = np.mean([one.values for one in others], axis=0)
    assert (np.abs(few.values - best) <= 4 * few.errors + 1e-12).all()
    assert few.errors.max() < 0.05
    assert few.base + few.values.sum(axis=1) == pytest.approx(scorer.model.batch(row)[0], abs=1e-9)


def test_sampling_keeps_to_its_budget(model_of: Callable[..., Any], a_row: Row) -> None:
    made = model_of(Task.BINARY)
    scorer = load_scorer(made.files.__getitem__, made.signature)

    def slow(columns: Any) -> Any:
        time.sleep(0.05)
        return scorer.model.batch(columns)

    start = time.monotonic()
    typical = typical_rows(made.signature)
    walks = walk(slow, scorer.canonical([a_row]), typical, until=start + 0.2)
    assert time.monotonic() - start < 2
    assert walks.samples >= 4


def test_a_model_that_runs_as_it_is_is_sampled(model_of: Callable[..., Any], a_row: Row) -> None:
    made = model_of(Task.BINARY)
    files = {"scorer.json": b'{"format": 1}', "pipeline.skops": dump_pipeline(made.pipeline)}
    explainer = explainer_of(replace(made, files=files))
    said = explainer.explain([a_row], budget=0.3)[0]
    exact = {
        one.column: one.contribution for one in explainer_of(made).explain([a_row])[0].contributions
    }
    assert (said.method, said.exact, said.scale) == ("sampled", False, "probability")
    assert said.samples >= 4
    assert said.output == pytest.approx(said.probability, abs=1e-9)
    assert total(said) == pytest.approx(said.output, abs=1e-9)
    assert all(one.standard_error is not None for one in said.contributions)
    assert exact[said.contributions[0].column] * said.contributions[0].contribution > 0


def test_features_that_mix_columns_are_not_told_apart_exactly() -> None:
    from keepwell.deployment.explaining.origins import origins_of

    mixed = {"inputs": [0, 1], "steps": [{"op": "sklearn.PCA"}], "head": {}}
    assert origins_of(mixed) is None


@pytest.mark.parametrize("flavour", ["tree", "linear"])
def test_each_feature_moves_with_its_column_alone(
    model_of: Callable[..., Any], flavour: str
) -> None:
    import msgspec

    from keepwell.deployment.explaining.origins import origins_of

    made = model_of(Task.BINARY, flavour=flavour)
    model: Any = load_scorer(made.files.__getitem__, made.signature).model
    origins = origins_of(msgspec.json.decode(made.files["scorer.json"]))
    typical = typical_rows(made.signature, profile_of(made))
    before = model.features(typical)
    assert origins is not None
    assert before.shape[1] == len(origins)
    for at, column in enumerate(typical):
        other = np.array(["bad", "luck"] * 32, dtype=object) if at == 5 else np.roll(column, 7)
        moved = [other if place == at else one for place, one in enumerate(typical)]
        after = model.features(moved)
        same = [
            np.array_equal(before[:, f].astype(float), after[:, f].astype(float), equal_nan=True)
            for f in range(len(origins))
        ]
        changed = {origins[f] for f, unmoved in enumerate(same) if not unmoved}
        assert changed == {at}, made.signature.inputs[at].name


def test_typical_rows_look_like_the_data(model_of: Callable[..., Any]) -> None:
    made = model_of(Task.BINARY)
    typical = typical_rows(made.signature, profile_of(made), 400)
    names = [field.name for field in made.signature.inputs]
    columns = dict(zip(names, typical, strict=True))
    ages = made.table["age"].to_numpy(zero_copy_only=False)
    assert np.nanmean(columns["age"]) == pytest.approx(np.nanmean(ages), abs=1)
    assert np.isnan(columns["age"]).mean() == pytest.approx(0.1, abs=0.04)
    assert set(columns["colour"]) == {"red", "green", "blue", "7", None}
    assert set(columns["member"]) == {0.0, 1.0}
    assert columns["visits"].tolist() == np.round(columns["visits"]).tolist()


def test_reasons_name_the_largest(model_of: Callable[..., Any], a_row: Row) -> None:
    said = explainer_of(model_of()).explain([a_row | {"age": None}])[0]
    sizes = [abs(one.contribution) for one in said.contributions]
    assert sizes == sorted(sizes, reverse=True)
    first = said.contributions[0]
    assert said.reasons[0].startswith(first.column)
    assert ("against Yes" in said.reasons[0]) == (first.contribution < 0)
    price = explainer_of(model_of(Task.REGRESSION)).explain([a_row])[0]
    assert "raises target" in " ".join(price.reasons) or "lowers target" in " ".join(price.reasons)


def test_what_cannot_be_explained_is_refused(model_of: Callable[..., Any], a_row: Row) -> None:
    explainer = explainer_of(model_of())
    assert explainer.explain([]) == []
    with pytest.raises(InvalidRequestError, match="no class 'yes'") as refused:
        explainer.explain([a_row], of="yes")
    assert refused.value.now == "did you mean 'Yes'?"
    with pytest.raises(InvalidRequestError, match="101 rows"):
        explainer.explain([a_row] * 101)
    with pytest.raises(InvalidRequestError, match="'visits'"):
        explainer.explain([a_row | {"visits": "x"}])
    with pytest.raises(InvalidRequestError, match="no class True"):
        explainer_of(model_of(Task.MULTICLASS)).explain([a_row], of=True)


@pytest.mark.parametrize("mixing", [False, True])
def test_columns_are_followed_through_every_kind_of_step(
    model_of: Callable[..., Any], a_row: Row, mixing: bool
) -> None:
    from sklearn.compose import ColumnTransformer
    from sklearn.decomposition import PCA
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.feature_selection import SelectKBest
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import FeatureUnion, Pipeline
    from sklearn.preprocessing import KBinsDiscretizer, MinMaxScaler, StandardScaler, TargetEncoder

    from keepwell.deployment.scoring import build_scorer_files
    from keepwell.features import Decoder

    made = model_of()
    numbers = [
        ("filled", SimpleImputer(add_indicator=True)),
        ("both", FeatureUnion([("s", StandardScaler()), ("m", MinMaxScaler())])),
        ("mixed", PCA(3)) if mixing else ("best", SelectKBest(k=4)),
    ]
    blocks = [
        ("numbers", Pipeline(numbers), ["age", "member"]),
        ("bins", KBinsDiscretizer(3, encode="onehot-dense", strategy="uniform"), ["visits"]),
        ("means", TargetEncoder(), ["colour"]),
        ("words", HashingVectorizer(n_features=16), "note"),
    ]
    steps = [("columns", ColumnTransformer(blocks)), ("last", LogisticRegression(max_iter=500))]
    frame = Decoder(made.signature).table(made.table)
    target = made.pipeline.predict(frame)
    pipeline = Pipeline(steps).fit(frame, target)
    files, proof = build_scorer_files(pipeline, made.signature, made.table.slice(0, 60))
    assert proof.compiled
    said = explainer_of(replace(made, files=files)).explain([a_row], budget=0.2)[0]
    assert said.method == ("sampled" if mixing else "linear")
    assert total(said) == pytest.approx(said.output, rel=1e-9, abs=1e-9)
    told = {one.column: one.contribution for one in said.contributions}
    assert told["since"] == 0
    assert told["visits"] != 0
