"""What was unusual, and what is foretold."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from keepwell.api.door import Served, document
from keepwell.operations.anomalies.watch import Anomaly, look_back
from keepwell.operations.forecasts.foresight import message
from keepwell.operations.forecasts.record import Forecast, TrackRecord, track_record
from keepwell.operations.serving.subjects import watched_subjects

router = APIRouter(prefix="/api/v1", tags=["outlook"])

YEAR = 366 * 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnomalyList:
    """What was unusual, newest first."""

    anomalies: tuple[Anomaly, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Foretold:
    """A forecast, and the same in words."""

    message: str
    forecast: Forecast


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastList:
    """Forecasts, newest first, how earlier ones fared, and the share of limits reached told in time."""

    forecasts: tuple[Foretold, ...]
    record: TrackRecord
    hit_rate: float | None


@router.get("/anomalies", response_model=AnomalyList)
def list_anomalies(
    workspace: Served,
    seconds: Annotated[float, Query(gt=0, le=YEAR, description="How far back.")] = 86400.0,
) -> Response:
    """List what was unusual in any series of endpoints, applications and the machine, newest first."""
    subjects = watched_subjects(workspace.endpoints, workspace.traces.apps())
    since = workspace.clock.now() - seconds
    return document(
        AnomalyList(anomalies=tuple(look_back(workspace.measurements, subjects, since)))
    )


@router.get("/forecasts", response_model=ForecastList)
def list_forecasts(workspace: Served) -> Response:
    """List what is foretold to run full or out, and what became of earlier forecasts."""
    found = workspace.foresight.all()
    record = track_record(found)
    told = tuple(Foretold(message=message(one), forecast=one) for one in found)
    return document(ForecastList(forecasts=told, record=record, hit_rate=record.hit_rate))
