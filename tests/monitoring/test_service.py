import pyarrow as pa
import pytest

from keepwell.monitoring.report import Scope
from keepwell.monitoring.service import (
    Traffic,
    find_failures,
    find_refusals,
    measure_service,
    measure_versions,
    total_of,
)

SCOPE = Scope(endpoint="churn", version=1, since=0.0, until=1.0)


def rows(*requests: tuple[str, int, float]) -> pa.Table:
    return pa.table(
        {
            "request": pa.array([request for request, _, _ in requests], pa.string()),
            "version": pa.array([version for _, version, _ in requests], pa.int64()),
            "latency_ms": pa.array([latency for _, _, latency in requests], pa.float64()),
        }
    )


def test_a_request_counts_once_whatever_its_rows() -> None:
    seen = measure_service(rows(("a", 1, 5.0), ("a", 1, 5.0), ("b", 1, 1.0)), 10.0)
    assert (seen.rows, seen.requests, seen.per_second) == (3, 2, 0.2)
    assert seen.latency_p50_ms == 3.0


def test_rows_without_request_are_requests() -> None:
    assert measure_service(rows(("", 1, 5.0), ("", 1, 5.0)), 10.0).requests == 2


def test_no_rows_have_no_latency() -> None:
    seen = measure_service(rows(), 10.0, traffic=Traffic(requests=3, errors=3))
    assert (seen.latency_p50_ms, seen.error_rate, seen.requests) == (None, 1.0, 3)
    assert measure_service(rows(), 0.0).per_second == 0.0


def test_a_version_that_only_failed_is_there() -> None:
    seen = measure_versions(rows(("a", 1, 5.0)), 10.0, {2: Traffic(requests=4, errors=4)})
    assert [(one.version, one.rows, one.errors) for one in seen] == [(1, 1, 0), (2, 0, 4)]


def test_traffic_adds_up() -> None:
    both = {1: Traffic(requests=10, errors=1, refused=4), 2: Traffic(requests=5, errors=2)}
    assert total_of(both) == Traffic(requests=15, errors=3, refused=4)


@pytest.mark.parametrize(
    ("requests", "errors", "found"),
    [(1000, 0, 0), (10, 4, 0), (1000, 12, 0), (1000, 40, 1), (20, 10, 1)],
)
def test_errors_beyond_chance_are_found(requests: int, errors: int, found: int) -> None:
    service = measure_service(rows(), 60.0, traffic=Traffic(requests=requests, errors=errors))
    assert len(list(find_failures(service, SCOPE))) == found


@pytest.mark.parametrize(
    ("requests", "refused", "found"),
    [(1000, 0, 0), (2, 4, 0), (1000, 50, 0), (1000, 90, 1), (0, 9, 1)],
)
def test_refusals_beyond_chance_are_found(requests: int, refused: int, found: int) -> None:
    signals = list(find_refusals({1: Traffic(requests=requests, refused=refused)}, SCOPE))
    assert [(one.kind, one.column) for one in signals] == [("quality", "")] * found


def test_what_was_refused_before_a_version_was_chosen_counts_and_that_of_others_does_not() -> None:
    (signal,) = find_refusals({0: Traffic(refused=30), 1: Traffic(requests=70)}, SCOPE)
    assert signal.value == 0.3
    assert signal.message == (
        "30% of 100 requests were refused: they do not fit the model's inputs"
    )
    assert list(find_refusals({2: Traffic(refused=30), 1: Traffic(requests=70)}, SCOPE)) == []
