"""The demo, cut short: all of its parts are real, and patience ends before the loop can heal."""

import json
from pathlib import Path

import psutil
import pytest

from keepwell.cli.demo.performance import perform
from keepwell.cli.demo.script import Timing
from keepwell.cli.output import Output
from keepwell.core.errors import ConflictError

SHORT = Timing(history=21, calm=4, after=1, day_seconds=0.4, patience=4.0)


def test_it_says_so_when_the_loop_did_not_heal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "tour"
    out = Output(as_json=True)
    assert perform(out, keep=folder, stay=False, port=0, seed=3, timing=SHORT) == 1
    captured = capsys.readouterr()
    told = json.loads(captured.out)
    assert told["simulated"] is True
    assert told["healed"] is False
    assert told["reasons"]
    assert told["accuracy"]["before"] > told["accuracy"]["broken"]
    assert told["parcels"]["told"] > 300
    assert told["time_to_recover"] is None
    assert "the world changes" in captured.err
    assert (folder / "harbour" / "keepwell.yaml").exists()
    assert not [child for child in psutil.Process().children(recursive=True) if child.is_running()]


def test_it_never_writes_over_a_folder(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ConflictError, match="not empty"):
        perform(Output(as_json=True), keep=tmp_path, stay=False, port=0, seed=3, timing=SHORT)
