"""The console over a workspace with a history, asked directly and through a real browser."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from console_alerts import tell_alerts
from console_browser import Browser, Site, answer_as_a_worker, chromium, served
from console_customers import NAME
from console_loop import tell_loop
from console_traces import tell_traces
from console_world import Told, start_canary, tell
from starlette.testclient import TestClient

from keepwell.api.app import create_app

HOME = "http://127.0.0.1:4400"


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Return a workspace that has lived for six hours and has a canary under way."""
    told = tell(tmp_path_factory.mktemp("told") / "churn", time.time())
    start_canary(told)
    tell_alerts(told)
    tell_loop(told)
    tell_traces(told)
    yield told
    told.workspace.close()


@pytest.fixture
def client(told: Told) -> TestClient:
    """Return a program that asks for pages."""
    return TestClient(create_app(told.workspace), base_url=HOME)


@pytest.fixture(scope="session")
def site(told: Told) -> Iterator[Site]:
    """Serve the console, with a stand-in for the inference workers in front of it."""
    app = create_app(told.workspace)
    app.router.add_route(f"/endpoints/{NAME}/predict", answer_as_a_worker, methods=["POST"])
    app.router.routes.insert(0, app.router.routes.pop())
    with served(app) as url:
        yield Site(url, told)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Return a headless Chromium; skip where none is installed."""
    with chromium(tmp_path_factory.mktemp("chromium")) as found:
        if found is None:
            pytest.skip("no Chromium here: apt-get install chromium chromium-driver")
        yield found


@pytest.fixture(scope="session")
def static() -> Path:
    """Return the folder of assets."""
    from keepwell.console.rendering import STATIC

    return STATIC
