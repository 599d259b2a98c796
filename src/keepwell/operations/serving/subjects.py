"""Whose series are watched for anomalies and forecasts."""

import platform
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keepwell.deployment.endpoints import Endpoints


def watched_subjects(endpoints: "Endpoints") -> list[str]:
    """Return the subjects: every endpoint, and this machine."""
    return [f"host:{platform.node()}", *(f"endpoint:{one.name}" for one in endpoints.find())]
