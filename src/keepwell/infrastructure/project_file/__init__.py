"""`keepwell.yaml`: read once into frozen specs with every complaint at its line, or written for `init`.

    spec = load_project(Path("churn/keepwell.yaml"))
    text = render_project(spec)

`keys` is the table of all that may be written; reading, rendering and "did you mean" follow it.
"""

from keepwell.infrastructure.project_file.reading import load_project
from keepwell.infrastructure.project_file.rendering import render_project

__all__ = ["load_project", "render_project"]
