"""Where nobody is answered without a token, a rollout still sees who answers: by a token of its own."""

import stat
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any

from outside import Served, keepwell, keepwell_json

ROW = {"tenure": 2, "plan": "monthly", "charges": 95.5}


def test_a_rollout_is_seen_to_its_end_where_tokens_are_required(
    trained_template: Path, tmp_path: Path, free_port: int
) -> None:
    project = tmp_path / "shop"
    copytree(trained_template, project, ignore=ignore_patterns("*.sock"))
    source = (trained_template.parent / "customers.csv").read_text().splitlines()
    (tmp_path / "customers.csv").write_text("\n".join(source[:-1]) + "\n")
    config = project / "keepwell.yaml"
    config.write_text(
        config.read_text() + "\nserve: {tokens: required}\ngate: {champion: {max_drop: 0.5}}\n"
    )
    keepwell("run", cwd=project, check=False)
    keepwell("deploy", "1", cwd=project)
    token = keepwell("tokens", "create", "me", cwd=project).stdout.strip()
    server = Served(project, free_port)
    try:
        server.wait_ready()
        assert "TOKEN=$(keepwell tokens create NAME)" in (project / "up.out").read_text()

        def ask(**headers: str) -> Any:
            body = {"instances": [ROW]}
            return server.http.post("/endpoints/shop/predict", json=body, headers=headers)

        assert ask().status_code == 401
        bearer = f"Bearer {token}"
        assert ask(authorization=bearer).json()["model"]["version"] == 1
        begun = keepwell_json("rollout", "start", "2", "--force", cwd=project)
        assert begun["history"][-1]["verified"], begun["history"][-1]["finding"]
        done = keepwell_json("rollout", "promote", cwd=project)
        assert done["status"] == "promoted"
        assert ask(authorization=bearer).json()["model"]["version"] == 2
        own = project / ".keepwell" / "run" / "probe.token"
        assert stat.S_IMODE(own.stat().st_mode) == 0o600
        listed = keepwell_json("tokens", cwd=project)["tokens"]
        assert [one["name"] for one in listed] == ["me"]
    finally:
        server.stop()
