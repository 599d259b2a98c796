"""The shop, made once; each test has a copy of it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playbook_world import NOW, Shop, make_shop

from keepwell.core.clock import ManualClock
from keepwell.workspace import Workspace


@pytest.fixture(scope="session")
def shop_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_shop(tmp_path_factory.mktemp("playbooks") / "shop")


@pytest.fixture
def shop(shop_home: Path, tmp_path: Path) -> Iterator[Shop]:
    root = tmp_path / "shop"
    shutil.copytree(shop_home, root)
    with Workspace.open(root, clock=ManualClock(NOW)) as workspace:
        yield Shop(workspace=workspace)
