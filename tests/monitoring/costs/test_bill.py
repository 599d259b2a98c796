"""Costs add up, whatever they are told by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepwell.core.records import Resources, Run
from keepwell.core.spec import CostsSpec, PowerSpec, PricesSpec
from keepwell.monitoring.costs.bill import GROUPS, SHARED, Books, Serving, bill_of
from keepwell.monitoring.costs.prices import HOUR, MONTH, cost_of
from keepwell.monitoring.costs.usage import Used

SPEC = CostsSpec(
    prices=PricesSpec(
        cpu_hour=0.04, gpu_hour=2.0, memory_gb_hour=0.01, storage_gb_month=0.02, energy_kwh=0.3
    ),
    power=PowerSpec(core_watts=10, gpu_watts=300, carbon_per_kwh=0.4),
)
TRAINED = Resources(cpu_seconds=2 * HOUR, memory_gb_seconds=HOUR, gpu_seconds=HOUR, user="ana")


def run(name: str, resources: Resources | None = TRAINED, model: str = "churn/1") -> Run:
    return Run(id=name, project="shop", status="done", model=model, resources=resources)


BOOKS = Books(
    project="shop",
    since=0.0,
    until=MONTH,
    runs=[run("a"), run("b", Resources(cpu_seconds=HOUR)), run("c", None)],
    serving=[
        Serving(
            endpoint="churn-live",
            model="churn",
            used=Used(cpu_seconds=HOUR, memory_gb_seconds=2 * HOUR, rows=5000, requests=100),
        )
    ],
    platform=Used(cpu_seconds=HOUR),
    storage=Used(gb_seconds=3 * MONTH),
    imported={"AmazonS3": 1.5},
)


def test_every_part_has_its_price() -> None:
    cost = cost_of(TRAINED, SPEC, storage_gb_seconds=3 * MONTH)
    assert (cost.cpu, cost.gpu, cost.memory) == pytest.approx((0.08, 2.0, 0.01))
    assert cost.storage == pytest.approx(0.06)
    assert cost.energy_kwh == pytest.approx(2 * 0.010 + 0.3)
    assert cost.energy == pytest.approx(0.096)
    assert cost.carbon_kg == pytest.approx(0.128)
    assert cost.estimated


def test_measured_energy_is_taken_as_it_is() -> None:
    cost = cost_of(Resources(cpu_seconds=HOUR, energy_joules=3.6e6), SPEC)
    assert cost.energy_kwh == pytest.approx(1.0)
    assert not cost.estimated


@pytest.mark.parametrize("by", GROUPS)
def test_the_lines_are_the_total_whatever_they_are_told_by(by: str) -> None:
    bill = bill_of(BOOKS, SPEC, by)
    assert bill.total.total == pytest.approx(sum(line.cost.total for line in bill.lines))
    assert bill.total.total == pytest.approx(bill_of(BOOKS, SPEC, "project").total.total)
    assert len({line.name for line in bill.lines}) == len(bill.lines)


def test_a_model_pays_for_its_training_and_its_serving() -> None:
    bill = bill_of(BOOKS, SPEC, "model")
    lines = {line.name: line for line in bill.lines}
    assert set(lines) == {"churn", SHARED, "bill: AmazonS3"}
    assert (lines["churn"].runs, lines["churn"].rows) == (3, 5000)
    assert lines["churn"].per_thousand == pytest.approx(lines["churn"].cost.total / 5)
    assert bill.lines[-1].name == SHARED  # last, though others are cheaper


def test_an_endpoint_is_charged_with_the_training_of_its_model() -> None:
    lines = {line.name: line for line in bill_of(BOOKS, SPEC, "endpoint").lines}
    assert lines["churn-live"].runs == 3
    assert lines["churn-live"].detail == "a share of the workers"


def test_users_and_runs_are_named() -> None:
    users = {line.name for line in bill_of(BOOKS, SPEC, "user").lines}
    assert users >= {"ana", "unknown", "serving churn-live"}
    runs = {line.name: line for line in bill_of(BOOKS, SPEC, "run").lines}
    assert runs["a"].detail == "train, done"


def test_what_is_not_known_is_said() -> None:
    notes = " ".join(bill_of(BOOKS, SPEC).notes)
    assert "1 of 3 runs were not measured" in notes
    assert "general workers are shared" in notes
    assert "energy is estimated: 10 W" in notes
    unpriced = bill_of(Books(project="shop", since=0, until=1, runs=[run("a")]), CostsSpec())
    assert not unpriced.priced
    assert "no price is stated" in unpriced.notes[0]


amounts = st.floats(0, 1e6)


@given(amounts, amounts, amounts, amounts)
def test_costs_of_two_uses_are_the_cost_of_both(a: float, b: float, c: float, d: float) -> None:
    one = Resources(cpu_seconds=a, memory_gb_seconds=b, gpu_seconds=c)
    other = Resources(cpu_seconds=d, gpu_seconds=a)
    together = cost_of(one.plus(other), SPEC).total
    assert together == pytest.approx(cost_of(one, SPEC).plus(cost_of(other, SPEC)).total)
