"""The record itself: every change, newest first."""

from typing import TYPE_CHECKING, Any

from keepwell.console.views import activity
from keepwell.core.references import Ref

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

PAGE = 100
KINDS = (
    "dataset_version",
    "run",
    "model_version",
    "alias",
    "endpoint",
    "rollout",
    "incident",
    "intervention",
    "decision",
)


def audit(workspace: "Workspace", kind: str = "", subject: str = "") -> dict[str, Any]:
    """Return the context of `audit.html`; `subject` is a reference, `kind:name`."""
    events = workspace.metadata.events(
        kind=kind or None,
        ref=Ref.parse(subject) if ":" in subject.strip(":") else None,
        limit=PAGE,
        newest_first=True,
    )
    return {
        "lines": [activity.line(event) for event in events],
        "kinds": KINDS,
        "kind": kind,
        "subject": subject,
        "full": len(events) == PAGE,
    }
