"""What the README says is true: its commands run, its links lead somewhere."""

import re
from pathlib import Path

import numpy as np
import pytest
from outside import keepwell

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def write_telco(path: Path) -> None:
    random = np.random.default_rng(0)
    tenure = random.integers(0, 72, 400)
    leaves = np.where(random.random(400) < 1 / (1 + np.exp(0.1 * tenure - 3)), "Yes", "No")
    lines = [f"C{row},{tenure[row]},{leaves[row]}" for row in range(400)]
    path.write_text("\n".join(["customerID,tenure,Churn", *lines]) + "\n")


def test_the_first_five_minutes_run_as_written(tmp_path: Path) -> None:
    blocks = re.findall(r"```\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    commands = next(block for block in blocks if "keepwell init" in block).splitlines()
    words = {line.split("#")[0].strip() for line in commands}
    init = next(line for line in words if line.startswith("keepwell init"))
    assert {"cd churn", "keepwell run", "keepwell up"} <= words
    write_telco(tmp_path / "telco.csv")
    keepwell(*init.split()[1:], cwd=tmp_path)
    assert "keepwell up" in keepwell("run", cwd=tmp_path / "churn").stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_to_headings_lead_to_one(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", page.read_text())
    for name, anchor in links:
        if "://" not in name:
            assert anchor in _anchors(page.parent / name if name else page), f"{name}#{anchor}"


def _anchors(page: Path) -> set[str]:
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).strip().replace(" ", "-") for each in headings}


def test_every_make_target_of_the_readme_exists() -> None:
    targets = set(re.findall(r"^make (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE))
    known = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert targets
    assert targets <= known
