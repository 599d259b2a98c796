"""Projects that are trained and served by the shipped program."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from outside import Served, customers, keepwell

QUICK = "\ntrain: {budget: 5s, learners: [linear]}\n"


@pytest.fixture(scope="session")
def trained_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project folder with a trained champion; copy it before changing it."""
    folder = tmp_path_factory.mktemp("template")
    (folder / "customers.csv").write_text(customers(1500))
    keepwell("init", "shop", "--data", "customers.csv", "--target", "churn", cwd=folder)
    config = folder / "shop" / "keepwell.yaml"
    config.write_text(config.read_text() + QUICK)
    keepwell("run", cwd=folder / "shop")
    return folder / "shop"


@pytest.fixture
def served(trained_template: Path, tmp_path: Path, free_port: int) -> Iterator[Served]:
    """Return a copy of the trained project, being served on a free port."""
    project = tmp_path / "shop"
    shutil.copy(trained_template.parent / "customers.csv", tmp_path)
    shutil.copytree(trained_template, project, ignore=shutil.ignore_patterns("*.sock"))
    server = Served(project, free_port)
    try:
        server.wait_ready()
        yield server
    finally:
        server.stop()
