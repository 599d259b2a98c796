"""Playbooks of whose effect a prediction log says nothing: that they were decided is all that is told."""

from collections.abc import Mapping

_TELLS = "whom it would have told, and what they would have done then, is in no log"

UNKNOWN: Mapping[str, str] = {
    "scale": "how fast another number of workers would have answered is in no log",
    "lighten": "how fast a lighter variant, or smaller requests, would have been is in no log",
    "open_issue": _TELLS,
    "ask": _TELLS,
}
"""Why their effect cannot be simulated, by the word that `do:` takes."""


def why_noted(playbook: str, *, acts: bool) -> str:
    """Return why an intervention was noted only, and not carried out."""
    if playbook in UNKNOWN:
        return f"{UNKNOWN[playbook]}, so its effect cannot be simulated"
    if acts:
        return "nothing is trained in this simulation, so what follows from it is not known"
    return "nothing is carried out in this simulation, so what follows from it is not known"
