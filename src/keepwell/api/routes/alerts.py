"""Who was told what; taking it on, silencing it, trying a channel."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from keepwell.api.documents import AlertDocument, AlertList, ChannelList, SilenceList
from keepwell.api.door import Limit, Served, document
from keepwell.api.routes.incidents import Remark
from keepwell.core.events import acting_as
from keepwell.core.records import Alert, Delivery, Silence

router = APIRouter(prefix="/api/v1", tags=["alerts"])


class SilenceWish(BaseModel):
    """Of what nobody is to be told, and for how long; what is empty matches everything."""

    model_config = ConfigDict(extra="forbid")

    seconds: float = Field(gt=0, le=366 * 86400.0)
    reason: str = Field(min_length=1)
    rule: str = ""
    endpoint: str = ""
    severity: Literal["", "info", "warning", "critical"] = ""
    by: str = Field("", max_length=100)


@router.get("/alerts", response_model=AlertList)
def list_alerts(
    workspace: Served, status: Literal["", "firing", "resolved"] = "", limit: Limit = 100
) -> Response:
    """List alerts, newest first."""
    return document(AlertList(alerts=workspace.alerts.store.alerts(status=status, limit=limit)))


@router.get("/alerts/channels", response_model=ChannelList)
def list_channels(workspace: Served) -> Response:
    """List the channels, and how the newest message of each fared; addresses are not shown."""
    return document(ChannelList(channels=workspace.alerts.channels()))


@router.post("/alerts/channels/{channel}/test", response_model=Delivery)
def test_channel(workspace: Served, channel: str) -> Response:
    """Send a test message the way every message goes, and tell how that went."""
    with acting_as("api"):
        return document(workspace.alerts.test(channel))


@router.get("/alerts/silences", response_model=SilenceList)
def list_silences(workspace: Served, ended: bool = False) -> Response:
    """List the silences that hold; with `ended` all of them."""
    return document(SilenceList(silences=workspace.alerts.store.silences(ended=ended)))


@router.post("/alerts/silences", response_model=Silence)
def silence_alerts(workspace: Served, wish: SilenceWish) -> Response:
    """Tell nobody of what matches, until then."""
    actor = f"api:{wish.by.strip()}" if wish.by.strip() else "api"
    with acting_as(actor):
        made = workspace.alerts.silence(
            seconds=wish.seconds,
            reason=wish.reason,
            rule=wish.rule,
            endpoint=wish.endpoint,
            severity=wish.severity,
        )
    return document(made)


@router.delete("/alerts/silences/{silence}", response_model=Silence)
def end_silence(workspace: Served, silence: str) -> Response:
    """End a silence now; what fires under it is told."""
    with acting_as("api"):
        return document(workspace.alerts.store.end_silence(silence))


@router.get("/alerts/{alert}", response_model=AlertDocument)
def read_alert(workspace: Served, alert: str) -> Response:
    """Read one alert with its messages, and how each attempt to hand them over went."""
    store = workspace.alerts.store
    found = store.alert(alert)
    return document(AlertDocument(alert=found, deliveries=store.deliveries(alert=found.id)))


@router.post("/alerts/{alert}/acknowledge", response_model=Alert)
def acknowledge_alert(workspace: Served, alert: str, said: Remark) -> Response:
    """Take an alert on, and its incident: no reminder, no escalation from now on."""
    with acting_as(said.actor):
        return document(workspace.alerts.acknowledge(alert, said.text))
