import pytest

from keepwell.training.threads import threads_for


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    cores, load, busy = request.param
    monkeypatch.setattr("os.sched_getaffinity", lambda process: set(range(cores)))
    monkeypatch.setattr("os.getloadavg", lambda: (load, 0.0, 0.0))
    monkeypatch.setattr("keepwell.training.threads.busy_cores", lambda: busy)


@pytest.mark.parametrize(
    ("machine", "rows", "threads"),
    [
        ((8, 0.0, 0.0), 1_000, 1),
        ((8, 0.0, 0.0), 1_000_000, 8),
        ((8, 5.0, 8.0), 1_000_000, 3),
        ((8, 5.0, 1.0), 1_000_000, 7),  # what made the load is over
        ((2, 9.0, 2.0), 10**6, 1),
    ],
    indirect=["machine"],
)
@pytest.mark.usefixtures("machine")
def test_takes_as_many_threads_as_are_free_and_worth_it(rows: int, threads: int) -> None:
    assert threads_for(rows, 10) == threads
