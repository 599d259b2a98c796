"""The HTTP reference is compared with the code."""

import re
from pathlib import Path

from console_world import Told
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from keepwell.operations.leadership import Place
from keepwell.operations.leadership.leader import CONTROL

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "http.md"


def table(heading: str) -> list[tuple[str, ...]]:
    """Return the rows of the table under a heading, without its backticks."""
    section = PAGE.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (.*) \|$", section, re.MULTILINE)[1:]
    return [tuple(cell.strip().strip("`") for cell in row.split("|")) for row in rows]


def test_every_request_is_in_the_reference(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    described = {
        (method.upper(), path, said["description"].split("\n")[0])
        for path, methods in paths.items()
        for method, said in methods.items()
    }
    assert described == set(table("Every request"))


def test_every_metric_is_in_the_reference(client: TestClient, told: Told) -> None:
    here = Place.here(told.workspace.home)  # somebody leads
    leases = told.workspace.metadata.leases
    leases.take(CONTROL, here.key, seen=leases.read(CONTROL), told=here.told)
    families = text_string_to_metric_families(client.get("/metrics").text)
    told_of = {
        (f"{family.name}_total" if family.type == "counter" else family.name, family.documentation)
        for family in families
        if family.name.startswith("keepwell")
    }
    listed = {(name, meaning) for name, _, meaning in table("Metrics")}
    assert told_of == listed
