"""Who may ask, for what, and how much of it, over all workers."""

import multiprocessing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spenders import spend

from keepwell.core.records import Token
from keepwell.deployment.server.admission.access import Access, ForbiddenError, UnknownCallerError
from keepwell.deployment.server.admission.meters import LimitError, Meter, Meters
from keepwell.deployment.server.messages import Request
from keepwell.governance.tokens import digest_of

NOW = 1_800_000_000.0
DAY = 86_400.0


def token(**fields: object) -> Token:
    values: dict[str, object] = {"id": "01abc", "name": "shop", "digest": digest_of("s3cret")}
    return Token(**{**values, **fields})  # type: ignore[arg-type]


def request(text: str = "kw_01abc_s3cret", header: bytes = b"authorization") -> Request:
    shown = f"Bearer {text}" if header == b"authorization" else text
    return Request(headers={header: shown.encode()} if text else {})


def test_a_token_lets_its_consumer_in_by_either_header() -> None:
    access = Access([token()], required=True)
    for header in (b"authorization", b"x-api-key"):
        consumer = access.admit(request(header=header), "churn", "predict")
        assert consumer is not None
        assert consumer.name == "shop"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "kw_01abc_wrong",
        "kw_other_s3cret",
        "s3cret",
        "kw_01abc",
        "kw__",
        "kw_01abc_s3cret_",
        "ü",
    ],
)
def test_whoever_has_no_good_token_is_refused(text: str) -> None:
    with pytest.raises(UnknownCallerError) as refusal:
        Access([token()], required=True).admit(request(text), "churn", "predict")
    assert refusal.value.http_status == 401
    assert "s3cret" not in str(refusal.value)


def test_a_wrong_token_is_refused_even_where_none_is_needed() -> None:
    access = Access([token()])
    assert access.admit(request(""), "churn", "predict") is None
    with pytest.raises(UnknownCallerError):
        access.admit(request("kw_01abc_wrong"), "churn", "predict")


def test_other_logins_of_the_authorization_header_are_not_ours() -> None:
    basic = Request(headers={b"authorization": b"Basic dXNlcjpwYXNz"})
    assert Access([token()]).admit(basic, "churn", "predict") is None


def test_scopes_endpoints_and_expiry_hold() -> None:
    access = Access([token(endpoints=("churn",), scopes=("predict",))], required=True)
    assert access.admit(request(), "churn", "predict") is not None
    with pytest.raises(ForbiddenError, match="'iris'"):
        access.admit(request(), "iris", "predict")
    with pytest.raises(ForbiddenError, match="'feedback'"):
        access.admit(request(), "churn", "feedback")
    with pytest.raises(UnknownCallerError, match="expired"):
        Access([token(expires=1.0)]).admit(request(), "churn", "predict")


def test_nothing_is_checked_where_there_is_nothing_to_check() -> None:
    assert Access().idle
    assert not Access(required=True).idle
    assert not Access([token()]).idle


def test_the_bucket_empties_and_refills(tmp_path: Path) -> None:
    meter = Meter(tmp_path / "m", token(rate=10.0, burst=3))
    for _ in range(3):
        meter.request(NOW)
    with pytest.raises(LimitError) as refusal:
        meter.request(NOW)
    assert refusal.value.http_status == 429
    assert refusal.value.details["retry_after"] == pytest.approx(0.1)
    meter.request(NOW + 0.11)
    with pytest.raises(LimitError):
        meter.request(NOW + 0.11)


def test_the_quota_counts_rows_and_begins_anew_each_day(tmp_path: Path) -> None:
    midnight = NOW // DAY * DAY
    meter = Meter(tmp_path / "m", token(quota=100))
    meter.rows(60, midnight)
    with pytest.raises(LimitError, match="40 rows left") as refusal:
        meter.rows(41, midnight + 10)
    assert refusal.value.details["retry_after"] == DAY - 10
    meter.rows(40, midnight + 20)  # a refusal took nothing
    assert meter.used(midnight + 30) == 100
    meter.rows(100, midnight + DAY)
    assert Meter(tmp_path / "m", token(quota=100)).used(midnight + DAY) == 100


@given(
    steps=st.lists(st.floats(0, 2), min_size=1, max_size=60),
    rate=st.floats(0.5, 50),
    burst=st.integers(1, 20),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_no_span_of_time_sees_more_than_the_limit(
    tmp_path_factory: pytest.TempPathFactory, steps: list[float], rate: float, burst: int
) -> None:
    meter = Meter(tmp_path_factory.mktemp("m") / "m", token(rate=rate, burst=burst))
    now, allowed = NOW, []
    for step in steps:
        now += step
        try:
            meter.request(now)
            allowed.append(now)
        except LimitError:
            continue
    for first in range(len(allowed)):
        for last in range(first, len(allowed)):
            span = allowed[last] - allowed[first]
            assert last - first + 1 <= burst + span * rate + 1e-6


def test_processes_share_one_meter(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        limited = token(rate=1.0, burst=300, quota=1000)
        done = pool.starmap(spend, [(tmp_path / "m", limited, NOW, 200)] * 3)
    assert sum(done) == 300
    assert Meter(tmp_path / "m", token()).used(NOW) == 300


def test_a_worker_keeps_one_meter_a_token(tmp_path: Path) -> None:
    meters = Meters(tmp_path / "meters")
    assert meters.of(token()) is meters.of(token())
    assert (tmp_path / "meters" / "01abc").stat().st_mode & 0o777 == 0o600
