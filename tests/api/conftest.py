"""The REST interface over a workspace with a history."""

import time
from collections.abc import Iterator

import pytest
from console_world import Told, tell
from starlette.testclient import TestClient

from keepwell.api.app import create_app

HOME = "http://127.0.0.1:4400"


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Return a workspace that has lived for six hours."""
    told = tell(tmp_path_factory.mktemp("told") / "churn", time.time())
    yield told
    told.workspace.close()


@pytest.fixture
def client(told: Told) -> TestClient:
    """Return a program that talks to that workspace."""
    return TestClient(create_app(told.workspace), base_url=HOME)
