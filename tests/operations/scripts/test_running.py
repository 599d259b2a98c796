"""A script of the user's own runs with a record, goes on after a kill, and its model is served."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from keepwell.core.errors import BusyError, NotFoundError
from keepwell.operations.scripts import run_script
from keepwell.workspace import Workspace

PLAIN = """
import sys
import keepwell as kw
kw.log_params(rate=0.1, layers=[2, 3])
for step in range(5):
    kw.log(loss=1 / (step + 1), step=step)
kw.log_examples([{"text": "good", "said": 0.9, "true": 1}])
print("arguments", sys.argv[1:])
"""
DEEP = """
import os
import torch
import keepwell as kw

torch.manual_seed(0)
x = torch.randn(200, 2)
y = (x.sum(1) > 0).float()
model = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
run = kw.watch(model, optimizer, checkpoint_every=10)
for step in run.steps(60):
    if step == 35 and os.path.exists("die"):
        os.remove("die")
        os.kill(os.getpid(), 9)
    at = torch.randint(0, 200, (32,))
    loss = torch.nn.functional.binary_cross_entropy_with_logits(model(x[at])[:, 0], y[at])
    optimizer.zero_grad(); loss.backward(); optimizer.step()
    if step % 20 == 19:
        kw.log(val_loss=loss.item())
print("weights", float(sum(p.detach().abs().sum() for p in model.parameters())))
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    (tmp_path / "keepwell.yaml").write_text("project: deep\ndata: {source: none.csv, target: up}\n")
    with Workspace.open(tmp_path) as opened:
        yield opened


def script(workspace: Workspace, text: str) -> Path:
    path = workspace.root / "train.py"
    path.write_text(text)
    return path


def test_what_a_script_logs_is_kept(workspace: Workspace) -> None:
    echoed: list[bytes] = []
    result = run_script(workspace.bench, script(workspace, PLAIN), ["--fast"], echo=echoed.append)
    run = workspace.runs.get(result.run.id)
    assert (result.code, run.status, run.kind) == (0, "done", "script")
    assert (run.params["rate"], run.params["layers"]) == (0.1, "[2, 3]")
    curve = workspace.runs.curves(run.id)["loss"]
    assert [(point.step, point.value) for point in curve] == [(n, 1 / (n + 1)) for n in range(5)]
    examples = json.loads(workspace.runs.read(run.id, "examples/step-00000004.json"))
    assert examples == [{"text": "good", "said": 0.9, "true": 1}]
    assert b"arguments ['--fast']" in b"".join(echoed)
    assert b"arguments" in workspace.runs.read(run.id, "output.txt")
    assert workspace.runs.read(run.id, "code/train.py").decode() == PLAIN


def test_a_script_that_fails_says_its_last_line(workspace: Workspace) -> None:
    result = run_script(workspace.bench, script(workspace, "raise ValueError('no rows')"))
    assert (result.code, result.run.status) == (1, "failed")
    assert result.run.error == "ValueError: no rows"


def test_a_script_that_is_not_there_is_named(workspace: Workspace) -> None:
    script(workspace, PLAIN)
    with pytest.raises(NotFoundError, match=r"train\.py"):
        run_script(workspace.bench, workspace.root / "trian.py")


def test_the_same_script_does_not_run_twice_at_once(workspace: Workspace) -> None:
    path = script(workspace, "import time\ntime.sleep(60)")
    pids: list[int] = []
    text = "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(60)"
    path.write_text(text)
    first = threading.Thread(
        target=run_script,
        args=(workspace.bench, path),
        kwargs={"echo": lambda data: pids.append(int(data))},
    )
    first.start()
    deadline = time.monotonic() + 20
    while not pids and time.monotonic() < deadline:
        time.sleep(0.02)
    with Workspace.open(workspace.root) as other, pytest.raises(BusyError, match="runs already"):
        run_script(other.bench, path)
    os.kill(pids[0], signal.SIGKILL)
    first.join(20)
    assert workspace.runs.find(kind="script")[0].error == "killed by SIGKILL"


def test_a_killed_loop_goes_on_and_ends_as_if_it_had_not_been(workspace: Workspace) -> None:
    pytest.importorskip("torch", reason="the extra 'torch' is not installed")
    path = script(workspace, DEEP)
    whole = run_script(workspace.bench, path)
    (workspace.root / "die").touch()
    killed = run_script(workspace.bench, path)
    assert (killed.run.status, killed.resumed) == ("killed", False)
    resumed = run_script(workspace.bench, path)
    assert (resumed.run.id, resumed.resumed, resumed.run.status) == (killed.run.id, True, "done")
    ends = [workspace.runs.read(one.run.id, "output.txt").split()[-1] for one in (whole, resumed)]
    assert ends[0] == ends[1]
    curves = workspace.runs.curves(resumed.run.id)
    assert {point.step for point in curves["loss"]} >= set(range(31, 61))
    assert {"gradient_norm", "update_ratio", "learning_rate", "rows_per_second", "val_loss"} <= set(
        curves
    )
    assert all(point.value > 0 for point in curves["gradient_norm"])
    names = {item.name for item in resumed.run.artifacts} | {
        item.name for item in workspace.runs.get(resumed.run.id).artifacts
    }
    assert {"checkpoints/last.pt", "checkpoints/best.pt"} <= names


def test_a_stopped_run_goes_on_unless_its_script_changed(workspace: Workspace) -> None:
    said: list[str] = []
    text = "import os, signal\nif os.path.exists('die'): os.kill(os.getpid(), signal.SIGKILL)"
    path = script(workspace, text)
    (workspace.root / "die").touch()
    killed = run_script(workspace.bench, path)
    without = run_script(workspace.bench, path)
    assert without.run.id != killed.run.id  # there is no checkpoint to go on from
    folder = workspace.home / "checkpoints" / without.run.id
    folder.mkdir(parents=True)
    (folder / "last.pt").touch()
    assert run_script(workspace.bench, path).run.id == without.run.id
    fresh = run_script(workspace.bench, path, fresh=True)
    assert fresh.run.id != without.run.id
    (workspace.home / "checkpoints" / fresh.run.id).mkdir()
    (workspace.home / "checkpoints" / fresh.run.id / "last.pt").touch()
    (workspace.root / "die").unlink()
    path.write_text(text + "\n# changed\n")
    again = run_script(workspace.bench, path, say=said.append)
    assert (again.resumed, again.run.id == fresh.run.id) == (False, False)
    assert any("changed since" in line for line in said)


def test_the_guides_script_trains_a_model_that_is_served(workspace: Workspace) -> None:
    pytest.importorskip("torch", reason="the extra 'torch' is not installed")
    pytest.importorskip("onnxscript", reason="the extra 'torch' is not installed")
    pytest.importorskip("onnxruntime", reason="the extra 'onnx' is not installed")
    import numpy as np

    from keepwell.operations.build.judge import open_scorer

    guide = Path(__file__).parents[3] / "docs" / "how-to" / "train-with-pytorch.md"
    text = guide.read_text().split("```python\n")[1].split("```")[0]
    random = np.random.default_rng(0)
    rows = [(area, 3 * area + random.normal()) for area in random.uniform(0, 3, 1000)]
    lines = "\n".join(f"{area:.4f},{price:.4f}" for area, price in rows)
    (workspace.root / "houses.csv").write_text(f"area,price\n{lines}\n")
    short = text.replace("run.steps(2000)", "run.steps(400)")
    assert short != text
    result = run_script(workspace.bench, script(workspace, short))
    assert (result.code, result.serving) == (0, "champion")
    version = workspace.registry.get("deep", 1)
    assert (version.run, result.run.model) == (result.run.id, "deep/1")
    small, large = (
        open_scorer(workspace.bench, version).rows([{"area": 0.5}, {"area": 2.5}]).predictions
    )
    assert large - small == pytest.approx(6.0, abs=1.5)


def test_outside_of_any_project_calls_do_nothing(tmp_path: Path) -> None:
    import subprocess
    import sys

    (tmp_path / "train.py").write_text(PLAIN)
    done = subprocess.run(
        [sys.executable, "train.py"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("arguments")
    assert "not recorded" in done.stderr


def test_a_script_started_by_hand_records_itself(workspace: Workspace) -> None:
    import subprocess
    import sys

    path = script(workspace, PLAIN)
    subprocess.run([sys.executable, str(path)], cwd=workspace.root, capture_output=True, check=True)
    path.write_text(PLAIN + "\nraise KeyError('x')")
    subprocess.run(
        [sys.executable, str(path)], cwd=workspace.root, capture_output=True, check=False
    )
    failed, done = workspace.runs.find(kind="script")
    assert (done.status, failed.status) == ("done", "failed")
    assert "KeyError" in failed.error
