"""From what the project file says to a channel, at the moment that something is sent."""

from collections.abc import Sequence
from dataclasses import dataclass

from keepwell.core.alerting import ChannelSpec
from keepwell.core.errors import NotFoundError
from keepwell.core.suggestions import did_you_mean
from keepwell.operations.alerts.channels.apprise import Apprise
from keepwell.operations.alerts.channels.base import Channel
from keepwell.operations.alerts.channels.email import Email
from keepwell.operations.alerts.channels.log import Log
from keepwell.operations.alerts.channels.secrets import fill_in, hide
from keepwell.operations.alerts.channels.trackers import TRACKERS, Tracker
from keepwell.operations.alerts.channels.webhook import Webhook

LOG = ChannelSpec(name="log", kind="log")


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A channel with the secrets that must not be said."""

    channels: tuple[Channel, ...]
    secrets: tuple[str, ...]

    def hide(self, text: str) -> str:
        """Return a text without them."""
        return hide(text, self.secrets)


def find_channel(channels: Sequence[ChannelSpec], name: str) -> ChannelSpec:
    """Return the channel of a name; `log` is always there.

    Raises:
        NotFoundError: If there is none.
    """
    for channel in (*channels, LOG):
        if channel.name == name:
            return channel
    names = [*(one.name for one in channels), "log"]
    raise NotFoundError(
        f"there is no channel '{name}'",
        why=f"there are: {', '.join(names)}",
        now=did_you_mean(name, names) or "name it under `alerts: channels:` in keepwell.yaml",
    )


def open_channel(spec: ChannelSpec) -> Open:
    """Return a channel with its secrets filled in.

    Raises:
        UsageError: If a secret is not there.
    """
    to = tuple(fill_in(one) for one in spec.to)
    secret, server = fill_in(spec.secret), fill_in(spec.server)
    channels: tuple[Channel, ...]
    if spec.kind == "webhook":
        channels = tuple(Webhook(url=one, secret=secret) for one in to)
    elif spec.kind in TRACKERS:
        channels = tuple(Tracker(kind=spec.kind, url=one, secret=secret) for one in to)
    elif spec.kind == "email":
        channels = (Email(to=to, server=server, sender=fill_in(spec.sender)),)
    elif spec.kind == "apprise":
        channels = (Apprise(to=to),)
    else:
        channels = (Log(),)
    addresses = () if spec.kind == "email" else to
    return Open(channels=channels, secrets=tuple(filter(None, (*addresses, secret, server))))
