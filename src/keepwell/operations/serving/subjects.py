"""Whose series are watched for anomalies and forecasts."""

import platform
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keepwell.deployment.endpoints import Endpoints


def watched_subjects(endpoints: "Endpoints", apps: Iterable[str] = ()) -> list[str]:
    """Return the subjects: this machine, every endpoint, and applications whose traces are told."""
    return [
        f"host:{platform.node()}",
        *(f"endpoint:{one.name}" for one in endpoints.find()),
        *(f"traces:{app}" for app in apps),
    ]
