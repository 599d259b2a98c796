"""Jobs of the project file, `batch:`: what cannot be meant is refused with line and reason."""

from pathlib import Path

import pytest
from project_files import complaints as _complaints


@pytest.mark.parametrize(
    ("jobs", "words"),
    [
        ("nightly", "each job stands behind a dash"),
        ("[{name: a, source: b}]", "line 2 has no output"),
        ("[{name: a, source: b, output: c, shedule: x}]", "did you mean 'schedule'"),
        (
            "[{name: a, source: b, output: c, schedule: daily}]",
            "line 2: schedule must be five cron",
        ),
        ("[{name: a, source: b, output: c, log: maybe}]", "log must be true or false"),
        ("[{name: a, source: b, output: '{day}.csv'}]", "not {day}"),
        ("[{name: a, source: b, output: '{date.csv'}]", "braces"),
        ("[{name: a, source: b, output: c}, {name: a, source: b, output: d}]", "the name 'a'"),
        ("[{name: a, source: b, output: c}, {name: b, source: b, output: c}]", "the output 'c'"),
        ("[a]", "line 2 has no keys"),
    ],
)
def test_jobs_are_checked_one_by_one(file: Path, jobs: str, words: str) -> None:
    (line,) = _complaints(file, f"data: {{source: a.csv}}\nbatch: {jobs}\n")
    assert line.startswith("keepwell.yaml:2: batch is ")
    assert words in line
