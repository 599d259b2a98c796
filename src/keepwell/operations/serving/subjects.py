"""Whose series are watched for anomalies and forecasts."""

import platform
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keepwell.core.ports import MeasurementStore
    from keepwell.deployment.endpoints import Endpoints


def watched_subjects(endpoints: "Endpoints", apps: Iterable[str] = ()) -> list[str]:
    """Return the subjects: this machine, every endpoint, and applications whose traces are told."""
    return [
        f"host:{platform.node()}",
        *(f"endpoint:{one.name}" for one in endpoints.find()),
        *(f"traces:{app}" for app in apps),
    ]


def measured_workers(measurements: "MeasurementStore") -> list[str]:
    """Return the workers whose memory is looked at, as the sampler of machines told last."""
    told = measurements.read_report("machines") or {}
    return [one for one in told.get("subjects", ()) if one.startswith("worker:")]
