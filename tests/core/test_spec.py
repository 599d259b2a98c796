from pathlib import Path

from keepwell.core.spec import DataSpec, ProjectSpec, ServeSpec


def test_names_default_to_the_projects() -> None:
    plain = ProjectSpec(name="churn", root=Path(), data=DataSpec(source="x.csv"))
    assert (plain.dataset, plain.endpoint) == ("churn", "churn")
    named = ProjectSpec(
        name="churn",
        root=Path(),
        data=DataSpec(source="x.csv", name="customers"),
        serve=ServeSpec(endpoint="scores"),
    )
    assert (named.dataset, named.endpoint) == ("customers", "scores")
