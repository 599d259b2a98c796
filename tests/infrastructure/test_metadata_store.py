"""What the SQL adapter promises beyond the laws of the port."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from keepwell.core.clock import ManualClock
from keepwell.core.errors import FormatError, StorageError, UnavailableError, UsageError
from keepwell.core.events import Change
from keepwell.core.references import Ref
from keepwell.governance import verify
from keepwell.infrastructure.metadata import migration, open_metadata, schema


def _change(name: str, number: int = 0) -> Change:
    return Change(ref=Ref("thing", name), verb="changed", data={"n": number})


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/record.db"


def test_a_page_of_a_hundred_thousand_is_quick(url: str) -> None:
    store = open_metadata(url, clock=ManualClock(2.0))
    with store._database.writing() as connection:  # quicker than a hundred thousand commits
        for table, rest in (("states", ""), ("events", ", 'system', 'done', '', 0, '', ''")):
            more = ", actor, verb, why, prior, previous, hash" if rest else ""
            connection.exec_driver_sql(
                f"INSERT INTO {table} (seq, time, kind, name, data{more}) "
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
                f"SELECT i, 1.0, 'run', printf('%026d', i), '[\"' || hex(zeroblob(300)) || '\"]'{rest} "
                "FROM n"
            )
    store.commit([_change("other")])
    hows: list[dict[str, Any]] = [{}, {"at": 1.5}, {"under": "0" * 20 + "09"}]
    for how in hows:
        page, seconds = [], []
        for _ in range(3):
            start = time.process_time()  # not the time that other programs of this machine took
            page = store.find("run", limit=100, **how)
            seconds.append(time.process_time() - start)
        assert len(page) == 100
        assert page[0].ref.name == f"{99_999 if 'under' in how else 100_000:026}"
        assert min(seconds) < 0.05, how
    store.close()


def test_what_waits_together_is_written_together(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_metadata(url)
    transactions = []
    begin = store._database.writing

    def counted(**how: bool) -> object:
        transactions.append(how)
        time.sleep(0.05)
        return begin(**how)

    monkeypatch.setattr(store._database, "writing", counted)
    with ThreadPoolExecutor(32) as pool:
        list(pool.map(lambda number: store.commit([_change(f"{number}")]), range(32)))
    assert len(store.events()) == 32
    assert len(transactions) < 10
    store.close()


def test_one_refused_by_the_database_does_not_fail_its_neighbours(url: str) -> None:
    store = open_metadata(url)
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER no BEFORE INSERT ON events WHEN new.name = 'bad' "
            "BEGIN SELECT RAISE(ABORT, 'not this one'); END"
        )
    engine.dispose()
    barrier = threading.Barrier(6)

    def write(name: str) -> str:
        barrier.wait()
        try:
            store.commit([_change(name)])
        except StorageError as error:
            return error.why
        return "written"

    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(write, ["a", "b", "bad", "c", "d", "e"]))
    assert said == ["written", "written", "not this one", "written", "written", "written"]
    assert [event.seq for event in store.events()] == [1, 2, 3, 4, 5]
    store.close()


def test_a_closed_store_refuses_to_write(url: str) -> None:
    store = open_metadata(url)
    store.close()
    with pytest.raises(UnavailableError):
        store.commit([_change("a")])


def test_a_newer_format_is_refused(record_url: str) -> None:
    open_metadata(record_url).close()
    engine = sa.create_engine(record_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0999'")
    engine.dispose()
    with pytest.raises(FormatError, match="newer version of Keepwell") as refusal:
        open_metadata(record_url)
    assert "0999" in refusal.value.why
    assert "upgrade" in refusal.value.now


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "record.db"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(FormatError, match="is not a record"):
        open_metadata(f"sqlite:///{path}")
    assert path.read_bytes().startswith(b"not a database")


@pytest.mark.parametrize(
    "url", ["mysql://x/y", "record.db", "sqlite://", "sqlite:///", "", "postgresql://:::/"]
)
def test_a_url_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match=r"not a database|cannot be read"):
        open_metadata(url)


def test_a_password_is_not_told() -> None:
    with pytest.raises(StorageError) as refusal:
        open_metadata("postgresql://ana:secret@127.0.0.1:1/nowhere")
    assert "secret" not in str(refusal.value)


def test_the_migrations_make_what_the_code_expects(record_url: str) -> None:
    store = open_metadata(record_url)
    with store._database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
    store.close()


def test_the_newest_migration_is_the_one_that_is_named() -> None:
    config = Config()
    config.set_main_option("script_location", str(migration._HOME))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.HEAD]


def test_alembic_is_loaded_only_to_migrate(url: str) -> None:
    open_metadata(url).close()
    code = (
        "import sys; from keepwell.infrastructure.metadata import open_metadata\n"
        f"assert 'sqlalchemy' not in sys.modules\nopen_metadata({url!r}).close()\n"
        "assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_many_may_open_a_new_record_at_once(record_url: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(lambda _: open_metadata(record_url), range(8)))
    for number, store in enumerate(stores):
        store.commit([_change(f"{number}")])
    assert len(stores[0].events()) == 8
    for store in stores:
        store.close()


def test_a_fork_may_use_the_store_too(record_url: str) -> None:
    store = open_metadata(record_url)
    store.commit([_change("parent")])
    busy = threading.Thread(target=lambda: [store.commit([_change("busy", n)]) for n in range(30)])
    busy.start()
    children = []
    for number in range(3):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                store.commit([_change(f"child/{number}")])
                store.measurements.series("x")
                store.close()
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    busy.join()
    store.commit([_change("parent", 2)])
    assert [event.seq for event in store.events()] == list(range(1, 36))
    assert len(store.find("thing", under="child/")) == 3
    store.close()


def test_a_lost_connection_is_made_anew(fresh_postgresql: Callable[[], str]) -> None:
    url = fresh_postgresql()
    store = open_metadata(url)
    store.commit([_change("a")])
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    engine.dispose()
    store.commit([_change("a", 2)])
    assert [event.seq for event in store.events()] == [1, 2]
    store.close()


def test_a_commit_is_on_the_disk_and_a_measurement_is_in_the_kernel(url: str) -> None:
    store = open_metadata(url)
    for durable, level in ((True, 2), (False, 1)):
        with store._database.writing(durable=durable) as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == level
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    store.close()


def test_a_moved_record_is_the_same_record(tmp_path: Path) -> None:
    store = open_metadata(f"sqlite:///{tmp_path}/record.db")
    store.commit([_change("a")])
    store.close()
    (tmp_path / "record.db").rename(tmp_path / "moved.db")
    moved = open_metadata(f"sqlite:///{tmp_path}/moved.db")
    assert len(moved.events()) == 1
    moved.close()


def test_a_full_disk_says_so_and_the_record_stays_whole(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(2 << 20))
    store = open_metadata(f"sqlite:///{small_disk}/record.db")
    store.commit([_change("before")])
    big = Change(ref=Ref("thing", "big"), verb="changed", data={"x": "y" * (3 << 20)})
    with pytest.raises(StorageError, match="cannot be used") as refusal:
        store.commit([_change("together"), big])
    assert refusal.value.why == "No space left on device"
    assert "free some space" in refusal.value.now
    assert [event.ref.name for event in store.events()] == ["before"]
    ballast.unlink()
    store.commit([_change("after")])
    assert verify(store).intact
    assert [event.seq for event in store.events()] == [1, 2]
    store.close()
