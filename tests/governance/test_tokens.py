"""Tokens: shown once, stored as a digest, taken back."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.errors import ConflictError, NotFoundError, UsageError
from keepwell.governance.tokens import Tokens, digest_of
from keepwell.infrastructure.metadata import open_metadata
from keepwell.infrastructure.metadata.store import SqlMetadataStore

NOW = 1_800_000_000.0


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def record(tmp_path: Path, clock: ManualClock) -> Iterator[SqlMetadataStore]:
    store = open_metadata(f"sqlite:///{tmp_path}/record.db", clock=clock)
    yield store
    store.close()


@pytest.fixture
def tokens(record: SqlMetadataStore, clock: ManualClock) -> Tokens:
    return Tokens(record, clock)


def test_the_secret_is_nowhere_in_the_record(tokens: Tokens, record: SqlMetadataStore) -> None:
    token, text = tokens.create("web-shop", rate=50, quota=1000)
    secret = text.rpartition("_")[2]
    assert text.startswith(f"kw_{token.id}_")
    assert token.digest == digest_of(secret)
    assert secret not in json.dumps([event.data for event in record.events()])
    assert tokens.find() == tokens.good() == [token]
    assert token.burst == 50


def test_a_consumer_has_one_good_token(tokens: Tokens, clock: ManualClock) -> None:
    first, _ = tokens.create("web-shop")
    with pytest.raises(ConflictError, match="web-shop"):
        tokens.create("web-shop")
    tokens.revoke("web-shop", why="leaked")
    clock.advance(1)
    second, _ = tokens.create("web-shop")
    assert tokens.good() == [second]
    assert [one.id for one in tokens.find()] == sorted([first.id, second.id], reverse=True)
    assert tokens.find()[-1].revoked == NOW


def test_an_expired_token_is_not_good(tokens: Tokens, clock: ManualClock) -> None:
    tokens.create("trial", lifetime=60)
    clock.advance(59)
    assert [one.name for one in tokens.good()] == ["trial"]
    clock.advance(1)
    assert tokens.good() == []


def test_revoking_nobody_suggests_somebody(tokens: Tokens) -> None:
    tokens.create("web-shop")
    with pytest.raises(NotFoundError) as refusal:
        tokens.revoke("web-shp")
    assert "web-shop" in refusal.value.now


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"name": "x", "scopes": ("predikt",)},
        {"name": "x", "rate": 0.0},
        {"name": "x", "quota": -1},
        {"name": "x", "lifetime": 0.0},
    ],
)
def test_wrong_limits_make_no_token(tokens: Tokens, wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        tokens.create(**wrong)  # type: ignore[arg-type]
    assert tokens.find() == []
